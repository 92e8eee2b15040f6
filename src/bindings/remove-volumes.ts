import { dirname } from 'node:path/posix';

import type { Artefact } from '../../machines/index.ts';
import type { Tools } from '../engine/slots.ts';
import { FailureError } from '../ports/failure.ts';
import type { Hypervisor, Hypervisors } from '../ports/hypervisor.ts';

/**
 * Deletes the volumes that the run's record names. A path that was free at the prechecks may have
 * been taken since: another migration to the same path makes the volume first, libvirt lets ours
 * fail on it, and then it is that guest's disk. So whoever uses it now is looked for first.
 *
 * @returns what does not stand there any more, and did before: also what an earlier try, of which
 *   nobody heard, has deleted of the source's disks. Of those that were only expected nobody knows.
 */
export async function removeVolumes(
  hypervisors: Hypervisors,
  request: { readonly domainUuid: string; readonly volumes: readonly Artefact[] },
  { signal }: Pick<Tools, 'signal'>,
): Promise<{ removed: readonly string[] }> {
  const removed: string[] = [];
  for (const { host, path, status } of request.volumes) {
    const hypervisor = await hypervisors.open(host, signal);
    if ((await hypervisor.findVolume(path, signal)) === null) {
      if (status === 'unwanted' && (await isInPool(hypervisor, path, signal))) removed.push(path);
      continue;
    }
    const users = await hypervisor.findDiskUsers(path, signal);
    if (users.some((uuid) => uuid !== request.domainUuid)) continue;
    if (await isDeleted(hypervisor, path, signal)) removed.push(path);
  }
  return { removed };
}

/** A pool that is not active shows none of its volumes. */
async function isInPool(
  hypervisor: Hypervisor,
  path: string,
  signal: AbortSignal,
): Promise<boolean> {
  const { pools } = await hypervisor.surveyHost(signal);
  return pools.some(({ active, targetPath }) => active && targetPath === dirname(path));
}

/** What others build on stays: a template whose clones are layers over it. */
async function isDeleted(
  hypervisor: Hypervisor,
  path: string,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    await hypervisor.deleteVolume(path, signal);
    return true;
  } catch (error) {
    if (error instanceof FailureError && error.failure.code === 'volumeInUse') return false;
    throw error;
  }
}
