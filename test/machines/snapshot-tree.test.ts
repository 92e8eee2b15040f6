import { describe, expect, test } from 'vitest';

import type { SnapshotTreeFacts } from '../../machines/policy/snapshot-tree.ts';
import { snapshotTree } from '../../machines/policy/snapshot-tree.ts';
import type { SnapshotView } from '../../src/ports/snapshots.ts';
import { guestView } from './facts.ts';

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
    domain: guestView,
    libvirtVersion: 11_003_000,
    snapshots,
    files: {},
    deleteObjections: {},
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

  test.each<[string, SnapshotView, Partial<SnapshotTreeFacts>, RegExp | null]>([
    [
      'an external one of an old libvirt',
      snapshot('one'),
      { libvirtVersion: 9_000_000 },
      /9\.9\.0/,
    ],
    ['an internal one of an old libvirt', internal, { libvirtVersion: 9_000_000 }, null],
    ['an external one of a new libvirt', snapshot('one'), {}, null],
    [
      'one whose state is missing',
      snapshot('one'),
      { files: { '/images/guest.qcow2': 'missing' } },
      /guest\.qcow2 is missing/,
    ],
    [
      'one whose overlay is gone',
      snapshot('one'),
      { files: { '/images/guest.one': 'missing' } },
      null,
    ],
    ['one without a definition', snapshot('one', { hasDefinition: false }), {}, /--force/],
    [
      'one beside a block job',
      snapshot('one'),
      {
        domain: {
          ...guestView,
          disks: guestView.disks.map((disk) => ({ ...disk, blockJob: 'copy' })),
        },
      },
      /block job/,
    ],
  ])('tells whether a revert is possible: %s', (_, view, facts, why) => {
    const [node] = treeOf([view], facts);
    if (why === null) expect(node?.revertObjection).toBeNull();
    else expect(node?.revertObjection).toMatch(why);
  });

  test('tells what the deletion’s own checks say', () => {
    const deleteObjections = { one: 'it has two children' };
    expect(treeOf([snapshot('one')], { deleteObjections })[0]?.deleteObjection).toBe(
      'it has two children',
    );
    expect(treeOf([snapshot('two')], { deleteObjections })[0]?.deleteObjection).toBeNull();
  });
});
