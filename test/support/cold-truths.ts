import { expect } from 'vitest';
import type { coldSimulated } from './simulated-cold.ts';

type End = Awaited<ReturnType<typeof coldSimulated>>;

/** The guest is as it was, no claim, save, overlay or draft is left, and no tick was lost. */
export function expectGuestAsBefore({ after, before, spans }: End): void {
  const { files, ...guest } = after;
  const { files: filesBefore, ...guestBefore } = before;
  expect({ ...guest, devices: guest.devices.toSorted() }).toEqual({
    ...guestBefore,
    devices: guestBefore.devices.toSorted(),
  });
  expect(files.filter((path) => path !== '/backup/image.qcow2')).toEqual(filesBefore);
  for (const [index, span] of spans.entries())
    if (index > 0) expect(span.firstTick).toBe((spans[index - 1]?.lastTick ?? 0) + 1);
}

/** A whole image, of a moment between the first stop and the next start. */
export function expectImage({ after, lastTickOnImage, output, spans }: End): void {
  expect(after.files).toContain('/backup/image.qcow2');
  expect(output.images).toMatchObject([{ targetDev: 'vda', path: '/backup/image.qcow2' }]);
  expect(lastTickOnImage).toBe(spans[0]?.lastTick ?? null);
}

export function expectNoImage({ after, output }: End): void {
  expect(output.images).toEqual([]);
  expect(after.files.filter((path) => path.startsWith('/backup/'))).toEqual([]);
}
