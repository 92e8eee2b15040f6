import { describe, expect, test } from 'vitest';

import type { SnapshotDeleteInput } from '../../machines/index.ts';
import type { DeletionEnd, DeletionScenario } from '../support/simulated-deletion.ts';
import { deleteSimulated } from '../support/simulated-deletion.ts';
import { FailureError } from '../../src/ports/failure.ts';
import { hooked } from '../support/hooked-hypervisors.ts';
import { uuid } from '../support/simulated-domain-snapshot.ts';

const unending = new AbortController().signal;
type Task = SnapshotDeleteInput['what'];

const snapshot = (name: string, more: object = {}): { readonly what: Task } => ({
  what: { kind: 'snapshot', name, children: 'keep', metadataOnly: false, by: 'auto', ...more },
});
const merge = (more: object): { readonly what: Task } => ({
  what: { kind: 'merge', targetDev: 'vda', base: null, top: null, how: 'commit', ...more },
});
const oldLibvirt = 8_000_000;
const file = (disk: 'guest' | 'second', name: string): string =>
  `/images/${disk}.${name === '' ? 'qcow2' : name}`;

/** No tick lost or repeated, and nothing of the run left. */
function expectWhole({ after, spans, output }: DeletionEnd): void {
  const made = spans.filter(({ firstTick, lastTick }) => lastTick >= firstTick);
  for (const [at, { firstTick }] of made.entries())
    expect(firstTick).toBe((made[at - 1]?.lastTick ?? firstTick - 1) + 1);
  expect(after).toMatchObject({ claims: [], job: null, persistent: true });
  for (const { blockJob } of after.disks ?? []) expect(blockJob).toBeNull();
  expect(output.artefacts).toEqual([]);
}

const filesOf = (...names: readonly string[]): string[] =>
  names.flatMap((name) => [file('guest', name), file('second', name)]).toSorted();

function expectDeleted(end: DeletionEnd, left: readonly string[], top: string): void {
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
      ['two', 'one', ''].map((name) => file('guest', name)),
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

describe('what goes wrong', () => {
  const byHand = { libvirtVersion: oldLibvirt } as const;
  const inMerge = 'working.preparing.awaiting';

  test.each([
    ['begin', 'commitBlock'],
    ['pivot', 'endBlockJob'],
  ] as const)('a reply of %s that is lost: the chain tells', async (_, call) => {
    const faults = [{ at: { call }, do: 'loseReply' }] as const;
    const end = await deleteSimulated({ ...byHand, faults });
    expectDeleted(end, ['one', 'two'], 'two');
  });

  test('a merge that is refused at the first disk leaves all as it was', async () => {
    const faults = [{ at: { call: 'commitBlock' }, do: 'refuse' }] as const;
    const end = await deleteSimulated({ ...byHand, faults });
    expect(end.output).toMatchObject({ outcome: 'rolledBack', merged: [] });
    expect(end.after).toEqual(end.before);
    expectWhole(end);
  });

  test('an abort while the disks are merged leaves the chain as it was', async () => {
    const end = await deleteSimulated({
      ...byHand,
      input: { ...snapshot('three'), bandwidthMibPerS: 1 },
      onState: (state, { abort }) => void (state === inMerge && abort()),
    });
    expect(end.output).toMatchObject({
      outcome: 'rolledBack',
      failure: { code: 'abortRequested' },
    });
    expect(end.output.notes[0]).toContain('do not revert to it');
    expect(end.after).toEqual(end.before);
    expectWhole(end);
  });

  test('a guest that ends meanwhile takes the jobs with it, and keeps its layers', async () => {
    const end = await deleteSimulated({
      ...byHand,
      input: { ...snapshot('three'), bandwidthMibPerS: 1 },
      onState: (state, { hand }) => {
        if (state === inMerge) void hand.destroy(uuid, unending);
      },
    });
    expect(end.output).toMatchObject({ outcome: 'rolledBack', failure: { code: 'guestStopped' } });
    expect(end.after.disks).toEqual(end.before.disks);
    expect(end.after.files).toEqual(end.before.files);
  });

  /** The second disk cannot be pivoted for so many times. */
  const stubborn = (times: number, meanwhile: () => Promise<void> = () => Promise.resolve()) => {
    let left = times;
    return hooked({
      endBlockJob: async (call, [, targetDev]) => {
        if (targetDev !== 'vdb' || left === 0) return call();
        left -= 1;
        await meanwhile();
        throw new FailureError({ code: 'operationFailed', message: 'no', effect: 'unknown' });
      },
    });
  };

  test('a guest that ends behind the first pivot is merged to the end by qemu-img', async () => {
    let end: () => Promise<void> = () => Promise.resolve();
    const through = stubborn(1, () => end());
    const ended = await deleteSimulated({
      ...byHand,
      through,
      onState: (_state, { hand }) => {
        end = () => hand.destroy(uuid, unending);
      },
    });
    expect(ended.output).toMatchObject({ outcome: 'completed', left: [] });
    expect(ended.states).toContain('working.finalising.mergingOffline');
    expect(ended.after.disks?.map(({ path }) => path)).toEqual(filesOf('two'));
    expect(ended.snapshots.map(({ name }) => name)).toEqual(['one', 'two']);
  });

  test('a second disk that is not merged at once is tried again', async () => {
    const end = await deleteSimulated({ ...byHand, through: stubborn(2) });
    expectDeleted(end, ['one', 'two'], 'two');
  });

  test('a second disk that is not merged: what is done and what is to be done is told', async () => {
    const end = await deleteSimulated({ ...byHand, through: stubborn(3) });
    expect(end.output).toMatchObject({
      outcome: 'needsOperator',
      failure: { code: 'halfMerged', effect: 'done' },
      merged: [{ targetDev: 'vda' }],
    });
    expect(end.after.disks?.[0]?.path).toBe(file('guest', 'two'));
    expect(end.after.disks?.[1]).toEqual({ path: file('second', 'three'), blockJob: null });
  });

  test('a first disk that cannot be pivoted leaves all as it was', async () => {
    const through = hooked({
      endBlockJob: async (call, [, , how]) => {
        if (how !== 'pivot') return call();
        throw new FailureError({ code: 'operationFailed', message: 'no', effect: 'unknown' });
      },
    });
    const end = await deleteSimulated({ ...byHand, through });
    expect(end.output).toMatchObject({ outcome: 'rolledBack', merged: [] });
    expect(end.after).toEqual(end.before);
    expectWhole(end);
  });

  test.each([1, 15, 41, 44, 47, 50, 53, 60])(
    "libvirt's daemon that dies %i ms into its own deletion: what it left is gone on with, or all is as before",
    async (delayMs) => {
      const end = await deleteSimulated({
        onState: (state, { later, world }) => {
          if (state !== 'working.deleting') return;
          later(delayMs, () => world.killDaemon('hostA'));
          later(delayMs + 3_000, () => world.startDaemon('hostA'));
        },
      });
      if (end.output.outcome === 'completed') return expectDeleted(end, ['one', 'two'], 'two');
      expect(end.output).toMatchObject({ outcome: 'rolledBack', merged: [] });
      expect(end.after).toEqual(end.before);
      expectWhole(end);
    },
  );

  test('a snapshot that libvirt left half deleted is gone on with by another run', async () => {
    const end = await deleteSimulated({
      meanwhile: async ({ hand, later, world }) => {
        later(44, () => world.killDaemon('hostA'));
        later(2_000, () => world.startDaemon('hostA'));
        const options = { children: 'keep', metadataOnly: false } as const;
        await hand.deleteSnapshot(uuid, 'three', options, unending).catch(() => undefined);
        await new Promise<void>((resolve) => later(4_000, resolve));
      },
    });
    expect(end.before.disks?.map(({ path }) => path)).toEqual([
      file('guest', 'two'),
      file('second', 'three'),
    ]);
    expect(end.output.way).toBe('merge');
    expectDeleted(end, ['one', 'two'], 'two');
  });

  const states = [
    'working.preparing.beginning',
    'working.preparing.awaiting',
    'working.turning.pivoting',
    'working.finalising.pivoting',
    'working.mending.asking',
    'working.dropping.asking',
    'working.removing.unlinking',
  ];
  test.each(states)('our process that dies in %s: another one goes on', async (state) => {
    const end = await deleteSimulated({ ...byHand, death: { state } });
    if (end.output.outcome === 'completed') return expectDeleted(end, ['one', 'two'], 'two');
    expect(end.output).toMatchObject({ outcome: 'rolledBack', merged: [] });
    expect(end.after).toEqual(end.before);
    expectWhole(end);
  });

  test.each([
    'working.preparing.mergingOffline',
    'working.turning.switching',
    'working.finalising.switching',
  ])('our process that dies in %s while the domain is shut off', async (state) => {
    const guest = { state: 'shutoff' } as const;
    const end = await deleteSimulated({ ...byHand, guest, death: { state } });
    expectDeleted(end, ['one', 'two'], 'two');
  });

  test('our process that dies while libvirt deletes', async () => {
    const end = await deleteSimulated({ death: { state: 'working.deleting' } });
    if (end.output.outcome === 'completed') return expectDeleted(end, ['one', 'two'], 'two');
    expect(end.output.outcome).toBe('rolledBack');
    expectWhole(end);
  });
});
