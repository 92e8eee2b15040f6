import { expect, test } from 'vitest';

import type { SnapshotNode } from '../../../machines/policy/domain-snapshot/tree.ts';
import { flattened, treeLines } from '../../../src/cli/display/snapshot-tree.ts';
import { formatMoment } from '../../../src/cli/display/quantities.ts';

const node = (name: string, change: Partial<SnapshotNode> = {}): SnapshotNode => ({
  name,
  description: null,
  createdAtEpochMs: 1_000,
  current: false,
  kind: 'external',
  state: 'diskSnapshot',
  withMemory: false,
  consistency: 'crash',
  files: [],
  revertObjection: null,
  deleteObjection: null,
  children: [],
  ...change,
});
const at = formatMoment(1_000);
const state = { path: '/i/a', role: 'state', targetDev: 'vda', bytes: 2 ** 20 } as const;
const memory = { path: '/i/a.mem', role: 'memory', targetDev: null, bytes: null } as const;

test('what was taken later is drawn below, with files and objections', () => {
  const nodes = [
    node('a', {
      files: [state, memory],
      withMemory: true,
      consistency: 'application',
      children: [node('b', { current: true, deleteObjection: 'a job is on it' }), node('c')],
    }),
    node('d', { revertObjection: 'libvirt is too old' }),
  ];
  expect(treeLines(nodes)).toEqual([
    `├─ a  ${at}, external, with memory, application`,
    '│  │  vda holds /i/a (1.0 MiB)',
    '│  │  memory /i/a.mem (missing, or not seen)',
    `│  ├─ b  ${at}, external, at least crash, current`,
    '│  │     no deletion: a job is on it',
    `│  └─ c  ${at}, external, at least crash`,
    `└─ d  ${at}, external, at least crash`,
    '      no revert: libvirt is too old',
  ]);
});

test('a list tells the parent of each', () => {
  const nodes = [node('a', { children: [node('b', { children: [node('c')] })] })];
  expect(flattened(nodes).map(({ name, parent }) => [name, parent])).toEqual([
    ['a', null],
    ['b', 'a'],
    ['c', 'b'],
  ]);
});

test('a domain without any says so', () => {
  expect(treeLines([])).toEqual(['libvirt knows no snapshot of it']);
});
