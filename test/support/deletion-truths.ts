import { expect } from 'vitest';

import type { SnapshotDeleteInput } from '../../machines/index.ts';
import type { DeletionEnd } from './simulated-deletion.ts';

type Task = SnapshotDeleteInput['what'];

export const snapshot = (name: string, more: object = {}): { readonly what: Task } => ({
  what: { kind: 'snapshot', name, children: 'keep', metadataOnly: false, by: 'auto', ...more },
});
export const merge = (more: object): { readonly what: Task } => ({
  what: { kind: 'merge', targetDev: 'vda', base: null, top: null, how: 'commit', ...more },
});
export const oldLibvirt = 8_000_000;
export const file = (disk: 'guest' | 'second', name: string): string =>
  `/images/${disk}.${name === '' ? 'qcow2' : name}`;

/** No tick lost or repeated, and nothing of the run left. */
export function expectWhole({ after, spans, output }: DeletionEnd): void {
  const made = spans.filter(({ firstTick, lastTick }) => lastTick >= firstTick);
  for (const [at, { firstTick }] of made.entries())
    expect(firstTick).toBe((made[at - 1]?.lastTick ?? firstTick - 1) + 1);
  expect(after).toMatchObject({ claims: [], job: null, persistent: true });
  for (const { blockJob } of after.disks ?? []) expect(blockJob).toBeNull();
  expect(output.artefacts).toEqual([]);
}

export const filesOf = (...names: readonly string[]): string[] =>
  names.flatMap((name) => [file('guest', name), file('second', name)]).toSorted();

export function expectDeleted(end: DeletionEnd, left: readonly string[], top: string): void {
  expect(end.output).toMatchObject({ outcome: 'completed', failure: null, left: [] });
  expect(end.snapshots.map(({ name }) => name)).toEqual(left);
  expect(end.after.files.toSorted()).toEqual(filesOf('', ...left.filter((name) => name !== '')));
  expect(end.after.disks?.map(({ path }) => path)).toEqual([
    file('guest', top),
    file('second', top),
  ]);
  expect(end.snapshots.flatMap(({ unfinishedDeletion }) => unfinishedDeletion)).toEqual([]);
  expectWhole(end);
}
