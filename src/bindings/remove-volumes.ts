import type { Artefact } from '../../machines/index.ts';
import type { Tools } from '../engine/slots.ts';
import type { Hypervisors } from '../ports/hypervisor.ts';

/**
 * Deletes the volumes that the run's record names. A path that was free at the prechecks may have
 * been taken since: another migration to the same path makes the volume first, libvirt lets ours
 * fail on it, and then it is that guest's disk. So whoever uses it now is looked for first.
 */
export async function removeVolumes(
  hypervisors: Hypervisors,
  request: { readonly domainUuid: string; readonly volumes: readonly Artefact[] },
  { signal }: Pick<Tools, 'signal'>,
): Promise<{ removed: readonly string[] }> {
  const removed: string[] = [];
  for (const { host, path } of request.volumes) {
    const hypervisor = await hypervisors.open(host, signal);
    if ((await hypervisor.findVolume(path, signal)) === null) continue;
    const users = await hypervisor.findDiskUsers(path, signal);
    if (users.some((uuid) => uuid !== request.domainUuid)) continue;
    await hypervisor.deleteVolume(path, signal);
    removed.push(path);
  }
  return { removed };
}
