import { describe, expect, test } from 'vitest';

import type { SnapshotTreeFacts } from '../../machines/policy/domain-snapshot/tree.ts';
import { snapshotTree } from '../../machines/policy/domain-snapshot/tree.ts';
import type { SnapshotView } from '../../src/ports/snapshots.ts';

const snapshot = (name: string, more: Partial<SnapshotView> = {}): SnapshotView => ({
  name,
  parent: null,
  children: [],
  current: false,
  description: null,
  createdAtEpochMs: 1,
  state: 'diskSnapshot',
  memory: { kind: 'none' },
  disks: [
    { targetDev: 'vda', kind: 'external', overlayPath: `/images/guest.${name}`, format: 'qcow2' },
    { targetDev: 'vdb', kind: 'no', overlayPath: null, format: null },
  ],
  frozenPaths: [{ targetDev: 'vda', path: '/images/guest.qcow2' }],
  hasDefinition: true,
  unfinishedDeletion: [],
  ...more,
});

const internal = snapshot('inside', {
  memory: { kind: 'internal' },
  disks: [{ targetDev: 'vda', kind: 'internal', overlayPath: null, format: null }],
});

const treeOf = (snapshots: readonly SnapshotView[], more: Partial<SnapshotTreeFacts> = {}) =>
  snapshotTree({
    snapshots,
    files: {},
    objections: {},
    ...more,
  });

describe('a tree of snapshots', () => {
  test('has what was taken after a snapshot below it, and orphans as roots', () => {
    const tree = treeOf([
      snapshot('one'),
      snapshot('two', { parent: 'one' }),
      snapshot('three', { parent: 'one', current: true }),
      snapshot('orphan', { parent: 'deleted' }),
    ]);
    expect(tree.map(({ name }) => name)).toEqual(['one', 'orphan']);
    expect(tree[0]?.children.map(({ current, name }) => [name, current])).toEqual([
      ['two', false],
      ['three', true],
    ]);
  });

  test('names the files of each, with what they take', () => {
    const memory = { kind: 'external', path: '/images/memory' } as const;
    const files = {
      '/images/guest.qcow2': 7,
      '/images/memory': 9,
      '/images/guest.one': 'missing',
    } as const;
    const [node] = treeOf([snapshot('one', { memory })], { files });
    expect(node?.files).toEqual([
      { path: '/images/guest.qcow2', role: 'state', targetDev: 'vda', bytes: 7 },
      { path: '/images/guest.one', role: 'overlay', targetDev: 'vda', bytes: null },
      { path: '/images/memory', role: 'memory', targetDev: null, bytes: 9 },
    ]);
  });

  test('knows no more of the moment than libvirt keeps', () => {
    const [disks, whole] = treeOf([snapshot('one'), internal]);
    expect(disks).toMatchObject({ consistency: 'crash', kind: 'external', withMemory: false });
    expect(whole).toMatchObject({ consistency: 'application', kind: 'internal', withMemory: true });
  });

  test('tells what the own checks of a revert and a deletion say', () => {
    const said = { revertObjection: 'its file is missing', deleteObjection: 'it has two children' };
    const [one, two] = treeOf([snapshot('one'), snapshot('two')], { objections: { one: said } });
    expect(one).toMatchObject(said);
    expect(two).toMatchObject({ revertObjection: null, deleteObjection: null });
  });
});
