import type { DiskOnHost } from '../../machines/policy/cold-snapshot/orders.ts';
import type { Tools } from '../engine/slots.ts';
import { FailureError } from '../ports/failure.ts';
import type { Hypervisors } from '../ports/hypervisor.ts';

/** No definition names it yet, and its name is this run's alone: what stands there is a try of ours. */
export async function makeOverlay(
  hypervisors: Hypervisors,
  { disk: { base, overlay }, host }: DiskOnHost,
  { resumed, signal }: Tools,
): Promise<void> {
  const hypervisor = await hypervisors.open(host, signal);
  if (resumed === true) await hypervisor.removeFile(overlay.path, signal);
  const info = await hypervisor.inspectImage(base.path, base.format, signal);
  if (info === null) {
    const message = `${base.path} does not exist`;
    throw new FailureError({ code: 'noSuchImage', message, effect: 'none' });
  }
  const { virtualSizeBytes } = info;
  await hypervisor.createImage({ ...overlay, virtualSizeBytes, backing: base }, signal);
}

/** Begins it, unless it is under way: the run before us may have begun it. */
export async function commitOverlay(
  hypervisors: Hypervisors,
  { disk: { base, targetDev }, domainUuid, host }: DiskOnHost,
  { signal }: Tools,
): Promise<void> {
  const hypervisor = await hypervisors.open(host, signal);
  const job = await hypervisor.findBlockJob(domainUuid, targetDev, signal);
  if (job?.type === 'activeCommit') return;
  await hypervisor.commitBlock(
    domainUuid,
    targetDev,
    { top: null, base: base.path, active: true, deleteFiles: false, bandwidthMibPerS: 0 },
    signal,
  );
}

/** Of a guest that is off; done again, it writes the same. */
export async function mergeOverlay(
  hypervisors: Hypervisors,
  { disk: { base, overlay, targetDev }, host }: DiskOnHost,
  { report, signal }: Tools,
): Promise<void> {
  const hypervisor = await hypervisors.open(host, signal);
  const info = await hypervisor.inspectImage(overlay.path, overlay.format, signal);
  const totalBytes = info?.allocationBytes ?? 0;
  await hypervisor.commitImage(
    overlay,
    base.path,
    (fraction) => {
      const processedBytes = Math.floor(totalBytes * fraction);
      const remainingBytes = totalBytes - processedBytes;
      report([{ stream: targetDev, processedBytes, totalBytes, remainingBytes, bytesPerS: null }]);
    },
    signal,
  );
}
