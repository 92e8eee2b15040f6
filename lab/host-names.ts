import { writeFile } from 'node:fs/promises';
import { hostAddresses } from './lab-state.ts';
import type { LabState } from './lab-state.ts';
import type { HostPaths } from './paths.ts';

/** A host's names, the one for its address on the network beside last. */
export function hostNamesOf(hostName: string): readonly [main: string, migration: string] {
  return [hostName, `${hostName}-migration`];
}

/**
 * Fills the host's /etc/hosts with the names of all hosts of the lab, or of itself only: in place,
 * because the file itself is bound into the namespace.
 */
export async function writeHostsFile(
  host: HostPaths,
  state: LabState,
  known: 'all' | 'own',
): Promise<void> {
  const lines = state.hosts.flatMap(({ name }) => {
    if (known === 'own' && name !== host.name) return [];
    const addresses = hostAddresses(state, name);
    const [main, migration] = hostNamesOf(name);
    return [`${addresses.main} ${main}\n`, `${addresses.migration} ${migration}\n`];
  });
  await writeFile(host.hostsFile, `127.0.0.1 localhost\n${lines.join('')}`);
}
