import type { CopyOrder } from '../../machines/policy/cold-snapshot/orders.ts';
import type { CopiedImage } from '../../machines/policy/cold-snapshot/cold-snapshot.ts';
import type { Tools } from '../engine/slots.ts';
import { FailureError } from '../ports/failure.ts';
import type { Hypervisors } from '../ports/hypervisor.ts';

/** The whole chain into the draft, which is looked at before anybody takes it for an image. */
export async function copyDisk(
  hypervisors: Hypervisors,
  { compress, disk, host, shared }: CopyOrder,
  { report, signal }: Tools,
): Promise<CopiedImage> {
  const hypervisor = await hypervisors.open(host, signal);
  const { source, staged, targetDev } = disk;
  const before = await hypervisor.inspectImage(source.path, source.format, signal);
  const totalBytes = before?.virtualSizeBytes ?? 0;
  await hypervisor.convertImage(
    { from: source, to: staged, compress, shared },
    (fraction) => {
      const processedBytes = Math.floor(totalBytes * fraction);
      const remainingBytes = totalBytes - processedBytes;
      report([{ stream: targetDev, processedBytes, totalBytes, remainingBytes, bytesPerS: null }]);
    },
    signal,
  );
  const made = await hypervisor.inspectImage(staged.path, staged.format, signal);
  if (made === null || made.backingPath !== null || made.virtualSizeBytes < totalBytes) {
    const message = `${staged.path} is no whole copy of ${source.path}`;
    throw new FailureError({ code: 'imageFailed', message, effect: 'none' });
  }
  const { allocationBytes, virtualSizeBytes } = made;
  return { allocationBytes, virtualSizeBytes };
}

/** Done again after a crash, the draft may have its name already. */
export async function nameImage(
  hypervisors: Hypervisors,
  { disk: { image, staged }, host }: CopyOrder,
  { resumed, signal }: Tools,
): Promise<void> {
  const hypervisor = await hypervisors.open(host, signal);
  if (resumed === true) {
    const draft = await hypervisor.inspectImage(staged.path, staged.format, signal);
    const named = await hypervisor.inspectImage(image.path, image.format, signal);
    if (draft === null && named !== null) return;
  }
  await hypervisor.renameFile(staged.path, image.path, signal);
}
