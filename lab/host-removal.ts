import { rm } from 'node:fs/promises';
import { deleteHostNamespaces, hasHostNamespaces } from './host-namespace.ts';
import { deleteNetworkNamespace } from './network.ts';
import { pathKind } from './path-kind.ts';
import type { HostPaths } from './paths.ts';
import { endProcessesInNamespaces } from './process-identity.ts';

/** Whether the host's namespaces stand; a restart of the machine or a broken `up` leaves a part. */
export async function isHostWhole(host: HostPaths): Promise<boolean> {
  const network = await pathKind(host.networkFile);
  return network !== null && (await hasHostNamespaces(host));
}

/**
 * Ends the daemon and every guest of a host. All of them, and nobody else, live in its two
 * namespaces.
 */
export async function endHostProcesses(host: HostPaths): Promise<void> {
  if (!(await isHostWhole(host))) return;
  await endProcessesInNamespaces(host.networkFile, host.mountFile);
}

/**
 * Takes a host down: processes, namespaces, files. Needs no recorded state and may find only a part
 * of a host.
 */
export async function removeHost(host: HostPaths): Promise<void> {
  await endHostProcesses(host);
  await deleteHostNamespaces(host);
  await deleteNetworkNamespace(host.networkNamespace);
  await rm(host.dir, { recursive: true, force: true });
}
