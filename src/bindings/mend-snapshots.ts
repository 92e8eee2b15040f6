import type { MendRequest } from '../../machines/policy/snapshot-delete/requests.ts';
import type { Tools } from '../engine/slots.ts';
import type { Hypervisors } from '../ports/hypervisor.ts';

/**
 * Whatever still names a merged layer names what its data are in now. Of the configuration that is
 * libvirt's own affair; but killed behind a pivot (9.0), it was seen to come back with the old one.
 */
export async function mendSnapshots(
  hypervisors: Hypervisors,
  { domainUuid, host, merged }: MendRequest,
  { signal }: Tools,
): Promise<void> {
  if (merged.length === 0) return;
  const hypervisor = await hypervisors.open(host, signal);
  const place = 'configuration';
  for (const { from, targetDev, to: base } of merged) {
    const named = await hypervisor.findDiskSource(domainUuid, place, targetDev, signal);
    const overlay = { path: from, format: 'qcow2' };
    if (named === from)
      await hypervisor.takeOverlay(domainUuid, place, { targetDev, base, overlay }, signal);
  }
  await hypervisor.mendSnapshots(domainUuid, merged, signal);
}
