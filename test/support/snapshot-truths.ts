import { expect } from 'vitest';

import type { SnapshotEnd } from './simulated-snapshot.ts';

const images = ['/backup/image.qcow2', '/backup/image-vda.qcow2', '/backup/image-vdb.qcow2'];

/** The guest is as it was and thawed; no claim, job, delta or draft is left, and no tick was lost. */
export function expectGuestAsBefore({ after, before, freezeStatus, spans }: SnapshotEnd): void {
  const { files, ...guest } = after;
  const { files: filesBefore, ...guestBefore } = before;
  expect(guest).toEqual(guestBefore);
  expect(freezeStatus).toBe('thawed');
  expect(files.filter((path) => !images.includes(path))).toEqual(filesBefore);
  // It stands while it is frozen, and goes on where it was.
  for (const [index, span] of spans.entries())
    if (index > 0) expect(span.firstTick).toBe((spans[index - 1]?.lastTick ?? 0) + 1);
}

/** Whole images under their names, of a moment while the guest ran. */
export function expectImage({ after, before, lastTickOnImage, output, spans }: SnapshotEnd): void {
  expect(output).toMatchObject({ outcome: 'completed', failure: null });
  expect(output.images.map(({ path }) => path)).toEqual(
    after.files.filter((path) => !before.files.includes(path)),
  );
  if (lastTickOnImage === null) return;
  expect(lastTickOnImage).toBeGreaterThanOrEqual(spans[0]?.firstTick ?? 0);
  expect(lastTickOnImage).toBeLessThanOrEqual(spans.at(-1)?.lastTick ?? 0);
}

export function expectNoImage({ after, output }: SnapshotEnd): void {
  expect(output.images).toEqual([]);
  expect(after.files.filter((path) => path.startsWith('/backup/'))).toEqual([]);
}

/** Whatever struck it: the guest is as it was, and there is a whole image or none. */
export function expectSafe(end: SnapshotEnd): void {
  expect(['completed', 'rolledBack']).toContain(end.output.outcome);
  if (end.output.outcome === 'completed') expectImage(end);
  else expectNoImage(end);
  expectGuestAsBefore(end);
}
