import { describe, expect, test } from 'vitest';

import {
  expectDeleted,
  expectWhole,
  file,
  filesOf,
  merge,
  oldLibvirt,
  snapshot,
} from '../support/deletion-truths.ts';
import type { DeletionScenario } from '../support/simulated-deletion.ts';
import { deleteSimulated } from '../support/simulated-deletion.ts';
import { uuid } from '../support/simulated-host.ts';

const unending = new AbortController().signal;

describe('a snapshot is deleted on a simulated host', () => {
  const ways: readonly [string, DeletionScenario, string][] = [
    ['by libvirt', {}, 'libvirt'],
    ['by hand', { libvirtVersion: oldLibvirt }, 'merge'],
  ];
  describe.each(ways)('%s', (_, scenario, way) => {
    test('the newest: the guest goes on with what is below', async () => {
      const end = await deleteSimulated({ ...scenario, input: snapshot('three') });
      expectDeleted(end, ['one', 'two'], 'two');
      expect(end.output).toMatchObject({ way, removed: filesOf('three').toSorted() });
      expect(end.output.merged.map(({ targetDev }) => targetDev)).toEqual(
        way === 'merge' ? ['vda', 'vdb'] : end.output.merged.map(({ targetDev }) => targetDev),
      );
    });

    test('one in the middle: what the later ones keep is named where it is now', async () => {
      const end = await deleteSimulated({ ...scenario, input: snapshot('two') });
      expectDeleted(end, ['one', 'three'], 'three');
      const kept = end.snapshots.find(({ name }) => name === 'three');
      expect(kept).toMatchObject({ parent: 'one' });
      expect(kept?.frozenPaths.map(({ path }) => path)).toEqual(filesOf('one'));
    });

    test('of what is paused', async () => {
      const end = await deleteSimulated({ ...scenario, guest: { state: 'paused' } });
      expectDeleted(end, ['one', 'two'], 'two');
      expect(end.after.vcpus).toBe('paused');
    });

    test('of what is shut off', async () => {
      const guest = { state: 'shutoff' } as const;
      for (const [name, left, top] of [
        ['three', ['one', 'two'], 'two'],
        ['two', ['one', 'three'], 'three'],
      ] as const)
        expectDeleted(
          await deleteSimulated({ ...scenario, guest, input: snapshot(name) }),
          left,
          top,
        );
    });
  });

  test('its metadata alone: every file stays', async () => {
    const end = await deleteSimulated({ input: snapshot('two', { metadataOnly: true }) });
    expect(end.output).toMatchObject({ outcome: 'completed', way: 'metadata', removed: [] });
    expect(end.snapshots.map(({ name }) => name)).toEqual(['one', 'three']);
    expect(end.after.files).toEqual(end.before.files);
    expectWhole(end);
  });

  test('with its children, where all are internal', async () => {
    const tree = ['one', 'two', 'three'].map((name) => ({ name, kind: 'internal' as const }));
    const end = await deleteSimulated({ tree, input: snapshot('two', { children: 'withIt' }) });
    expect(end.output).toMatchObject({ outcome: 'completed', way: 'libvirt' });
    expect(end.snapshots.map(({ name }) => name)).toEqual(['one']);
    const only = await deleteSimulated({ tree, input: snapshot('one', { children: 'only' }) });
    expect(only.snapshots.map(({ name }) => name)).toEqual(['one']);
  });

  test('and its memory goes, which libvirt 9.0 leaves behind', async () => {
    const memoryPath = '/images/guest.memory';
    const end = await deleteSimulated({ tree: [{ name: 'three', memoryPath }] });
    expect(end.before.files).toContain(memoryPath);
    expect(end.after.files).not.toContain(memoryPath);
    expectDeleted(end, [], '');
  });

  test('by hand where internal and external ones are mixed, which libvirt 9.0 does harm to', async () => {
    const tree = [{ name: 'inside', kind: 'internal' as const }, { name: 'three' }];
    const end = await deleteSimulated({ tree });
    expect(end.output).toMatchObject({ outcome: 'completed', way: 'merge' });
    expect(end.snapshots.map(({ name }) => name)).toEqual(['inside']);
    expectWhole(end);
  });
});

describe('layers of a disk are merged', () => {
  test('the newest into the bottom, where libvirt knows of no snapshot', async () => {
    const tree = ['one', 'two'].map((name) => ({ name, noMetadata: true }));
    const end = await deleteSimulated({ tree, input: merge({}) });
    expect(end.output).toMatchObject({ outcome: 'completed', way: 'merge', left: [] });
    expect(end.after.disks?.[0]?.path).toBe(file('guest', ''));
    expect(end.output.removed.toSorted()).toEqual([file('guest', 'one'), file('guest', 'two')]);
    expectWhole(end);
  });

  test('by a pull; what a snapshot keeps stays, and is told of', async () => {
    const end = await deleteSimulated({ input: merge({ how: 'pull' }) });
    expect(end.output).toMatchObject({ outcome: 'completed', removed: [] });
    expect(end.output.left.map(({ path }) => path)).toEqual(
      ['two', 'one'].map((name) => file('guest', name)),
    );
    expect(end.after.files).toEqual(end.before.files);
  });

  test('by a pull of what is shut off', async () => {
    const tree = ['one', 'two'].map((name) => ({ name, noMetadata: true }));
    const guest = { state: 'shutoff' } as const;
    const end = await deleteSimulated({ tree, guest, input: merge({ how: 'pull' }) });
    expect(end.output).toMatchObject({ outcome: 'completed', left: [] });
    expect(end.after.disks?.[0]?.path).toBe(file('guest', 'two'));
    expect(end.after.files).not.toContain(file('guest', 'one'));
  });

  test('by a pull, which leaves the bottom to whoever else is made from it', async () => {
    const tree = [{ name: 'one', noMetadata: true }];
    const end = await deleteSimulated({ tree, input: merge({ how: 'pull' }) });
    const bottom = file('guest', '');
    expect(end.output).toMatchObject({ outcome: 'completed', removed: [], left: [] });
    expect(end.output.notes).toEqual([expect.stringContaining(`${bottom} stays`)]);
    expect(end.after.files).toContain(bottom);
  });
});

describe('what is refused', () => {
  const cases: readonly [string, DeletionScenario, string][] = [
    ['a snapshot that is not there', { input: snapshot('none') }, 'snapshotExists'],
    ['a disk that is not there', { input: merge({ targetDev: 'vdx' }) }, 'diskExists'],
    ['a layer that is not there', { input: merge({ base: '/images/none' }) }, 'layersExist'],
    [
      'children of external ones',
      { input: snapshot('one', { children: 'withIt' }) },
      'childrenAllowed',
    ],
    ['what a snapshot keeps', { input: merge({}) }, 'baseIsFree'],
    [
      'libvirt, where it is too old',
      { libvirtVersion: oldLibvirt, input: snapshot('three', { by: 'libvirt' }) },
      'wayIsOpen',
    ],
    [
      "somebody else's block job",
      {
        meanwhile: async ({ hand }) => {
          const options = { base: '/images/guest.two', bandwidthMibPerS: 1 };
          await hand.pullBlock(uuid, 'vda', options, unending);
        },
      },
      'noBlockJob',
    ],
  ];
  test.each(cases)('%s', async (_, scenario, code) => {
    const end = await deleteSimulated(scenario);
    expect(end.output).toMatchObject({ outcome: 'refused', failure: { code } });
    expect(end.after.files).toEqual(end.before.files);
    expect(end.states).not.toContain('working');
  });
});
