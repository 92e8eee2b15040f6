import type { MigrateCall } from '../../ports/migration.ts';
import { libvirtError } from './libvirt-error.ts';
import type { Host } from './world.ts';

/**
 * TCP ports of the destination's range (`migration_port_min` to `max`) for the memory and for the
 * copied disks, as far as nobody names others. @returns how many
 */
export function claimPorts(host: Host, { options }: MigrateCall): number {
  const forMemory =
    !options.tunnelled && options.relayUri === null && !hasPort(options.migrationUri);
  const forDisks = options.copyStorage !== 'none' && options.disksPort === null;
  const wanted = Number(forMemory) + Number(forDisks);
  const taken = [...host.domains.values()].reduce((sum, { qemu }) => sum + (qemu?.ports ?? 0), 0);
  if (taken + wanted > host.migrationPorts)
    throw libvirtError(
      'operationFailed',
      "Unable to find an unused port in range 'migration' (49152-49215)",
    );
  return wanted;
}

function hasPort(uri: string | null): boolean {
  return uri !== null && (URL.parse(uri)?.port ?? '') !== '';
}
