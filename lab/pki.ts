import { copyFile, mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { certificateAuthority, issueCertificate } from './certificates.ts';
import type { CertificateFlaw } from './certificates.ts';
import type { HostPaths, LabPaths } from './paths.ts';

/** What a client shows, and whom it trusts. */
export type ClientIdentity =
  | 'right'
  /** Its certificate is over, or of an authority that no host trusts. */
  | Exclude<CertificateFlaw, 'wrongName'>
  /** It comes from another place: its own authority is the other one, and it trusts no host. */
  | 'distrusting'
  /** It has none. */
  | 'none';

/** A host as its certificates name it. */
export interface CertifiedHost {
  readonly paths: HostPaths;
  readonly names: readonly string[];
  readonly addresses: readonly string[];
}

/** What is wrong with the certificates that a host shows as a server; null is nothing. */
export interface HostCertificateFlaws {
  /** To clients of libvirtd. */
  readonly libvirtd: CertificateFlaw | null;
  /** To the QEMU that sends it a guest. */
  readonly qemu: CertificateFlaw | null;
}

const clientFlaws = {
  right: null,
  expired: 'expired',
  otherCa: 'otherCa',
  distrusting: 'otherCa',
} as const;

async function place(file: string, to: string): Promise<void> {
  await mkdir(dirname(to), { recursive: true });
  await copyFile(file, to);
}

function issueServer(lab: LabPaths, host: CertifiedHost, flaw: CertificateFlaw | null) {
  return issueCertificate(lab, {
    subject: host.paths.name,
    names: host.names,
    addresses: host.addresses,
    usage: 'serverAuth',
    flaw,
  });
}

function issueClient(lab: LabPaths, subject: string, flaw: CertificateFlaw | null) {
  return issueCertificate(lab, { subject, names: [], addresses: [], usage: 'clientAuth', flaw });
}

/**
 * Fills a host's /etc/pki: for libvirt (https://libvirt.org/kbase/tlscerts.html) and for QEMU
 * (`default_tls_x509_cert_dir` of qemu.conf), which both look there without being told.
 */
export async function installCertificates(
  lab: LabPaths,
  host: CertifiedHost,
  flaws: HostCertificateFlaws,
): Promise<void> {
  const [authority, libvirtd, qemu, client] = await Promise.all([
    certificateAuthority(lab, 'trusted'),
    issueServer(lab, host, flaws.libvirtd),
    issueServer(lab, host, flaws.qemu),
    issueClient(lab, `${host.paths.name}-client`, null),
  ]);
  const files: readonly (readonly [from: string, to: string])[] = [
    [authority.certificate, 'CA/cacert.pem'],
    [libvirtd.certificate, 'libvirt/servercert.pem'],
    [libvirtd.key, 'libvirt/private/serverkey.pem'],
    [client.certificate, 'libvirt/clientcert.pem'],
    [client.key, 'libvirt/private/clientkey.pem'],
    [authority.certificate, 'qemu/ca-cert.pem'],
    [qemu.certificate, 'qemu/server-cert.pem'],
    [qemu.key, 'qemu/server-key.pem'],
    [client.certificate, 'qemu/client-cert.pem'],
    [client.key, 'qemu/client-key.pem'],
  ];
  await Promise.all(files.map(([from, to]) => place(from, join(host.paths.pkiDir, to))));
}

/** A directory for `?pkipath=` of a connection URI, as libvirt lays it out. */
export async function clientPkiPath(lab: LabPaths, identity: ClientIdentity): Promise<string> {
  const directory = join(lab.pkiDir, `pkipath-${identity}`);
  const authority = await certificateAuthority(
    lab,
    identity === 'distrusting' ? 'other' : 'trusted',
  );
  await place(authority.certificate, join(directory, 'cacert.pem'));
  if (identity === 'none') return directory;
  const client = await issueClient(lab, 'client', clientFlaws[identity]);
  await place(client.certificate, join(directory, 'clientcert.pem'));
  await place(client.key, join(directory, 'clientkey.pem'));
  return directory;
}
