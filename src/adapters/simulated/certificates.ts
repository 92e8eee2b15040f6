import { libvirtError } from './libvirt-error.ts';
import type { Migration } from './migration-job.ts';
import type { Host } from './world.ts';

/** @throws FailureError internalError where QEMU finds no certificate on that host */
export function requireCertificate({ call }: Migration, host: Host): void {
  if (call.options.tls && host.certificateName === null)
    throw libvirtError(
      'internalError',
      'internal error: unable to execute QEMU command: Unable to access credentials ca-cert.pem',
    );
}

/** Is the destination the one whose name the source expects in its certificate? */
export function isTrusted({ call, destination }: Migration): boolean {
  const { tls, tlsDestination, migrationUri } = call.options;
  if (!tls) return true;
  const { certificateName, hostname } = destination;
  const address = migrationUri === null ? hostname : URL.parse(migrationUri)?.hostname;
  return certificateName === (tlsDestination ?? address);
}
