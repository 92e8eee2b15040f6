import { join } from 'node:path';
import type { LabHost } from './host.ts';
import { pathKind } from './path-kind.ts';

/**
 * The host on which a guest is: where its QEMU runs and is not just coming in, else where it is
 * defined. Found without asking a daemon, because daemons may be dead or frozen.
 */
export async function locateGuest(
  hosts: readonly LabHost[],
  guest: string,
): Promise<string | null> {
  let defined: string | null = null;
  let incoming: string | null = null;
  for (const host of hosts) {
    if ((await host.qemuProcesses()).includes(guest)) {
      const job = await host.migrationTruth(guest);
      if (job?.asyncJob !== 'migration in') return host.name;
      incoming = host.name;
    }
    const definition = await pathKind(join(host.paths.etcDir, 'qemu', `${guest}.xml`));
    if (definition !== null) defined ??= host.name;
  }
  return incoming ?? defined;
}
