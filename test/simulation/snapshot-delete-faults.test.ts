import { describe, expect, test } from 'vitest';

import { FailureError } from '../../src/ports/failure.ts';
import {
  expectDeleted,
  expectWhole,
  file,
  filesOf,
  oldLibvirt,
  snapshot,
} from '../support/deletion-truths.ts';
import { hooked } from '../support/hooked-hypervisors.ts';
import { deleteSimulated } from '../support/simulated-deletion.ts';
import { uuid } from '../support/simulated-host.ts';
import type { Stage } from '../support/simulated-runs.ts';

const unending = new AbortController().signal;

/** The second disk cannot be pivoted for so many times. */
const stubborn = (times: number, meanwhile: () => Promise<void> = () => Promise.resolve()) => {
  let left = times;
  return hooked({
    endBlockJob: async (call, [, targetDev]) => {
      if (targetDev !== 'vdb' || left === 0) return call();
      left -= 1;
      await meanwhile();
      const libvirt = { code: 9, domain: 10 };
      throw new FailureError({
        code: 'operationFailed',
        message: 'no',
        effect: 'unknown',
        libvirt,
      });
    },
  });
};

/** A daemon that was killed as it began a commit knows the job and no mirror; nothing is told either. */
const unmirrored = (ended: unknown[] = []) =>
  hooked({
    findChains: async (call) =>
      ((await call()) as readonly object[]).map((chain) => ({ ...chain, mirror: null })),
    watchDomain: (_, [, signal]) =>
      new Promise<void>((resolve) => {
        (signal as AbortSignal).addEventListener('abort', () => resolve(), { once: true });
      }),
    endBlockJob: (call, [, , how]) => {
      ended.push(how);
      return call();
    },
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

  test('a merge whose daemon knows no mirror of it is done when all its bytes are', async () => {
    const end = await deleteSimulated({ ...byHand, through: unmirrored() });
    expectDeleted(end, ['one', 'two'], 'two');
  });

  test('a merge whose daemon knows no mirror of it, and would crash over its end, is left', async () => {
    const ended: unknown[] = [];
    const end = await deleteSimulated({
      ...byHand,
      through: unmirrored(ended),
      input: { ...snapshot('three'), bandwidthMibPerS: 1 },
      onState: (state, { abort }) => void (state === inMerge && abort()),
    });
    expect(ended).toEqual([]);
    expect(end.output).toMatchObject({ outcome: 'needsOperator', failure: { code: 'jobLeft' } });
    expect(end.output.failure?.message).toContain('virsh blockjob guest DISK --pivot');
  });

  test.each([
    [2_000, []],
    [62_000, (['guest', 'second'] as const).map((disk) => ({ path: file(disk, 'three') }))],
  ])(
    "libvirt's daemon that is away for %i ms as files are to go: asked again, for a minute",
    async (awayMs, left) => {
      let killed = false;
      const end = await deleteSimulated({
        ...byHand,
        onState: (state, { later, world }) => {
          if (state !== 'working.removing.unlinking' || killed) return;
          killed = true;
          world.killDaemon('hostA');
          later(awayMs, () => world.startDaemon('hostA'));
        },
      });
      expect(end.output).toMatchObject({ outcome: 'completed', failure: null, left });
      expect(end.output.left).toHaveLength(left.length);
    },
  );

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

  test('a guest that ends behind the first pivot is merged to the end by qemu-img', async () => {
    let found: Stage | null = null;
    const ended = await deleteSimulated({
      ...byHand,
      through: stubborn(1, async () => found?.hand.destroy(uuid, unending)),
      onState: (_state, stage) => {
        found = stage;
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

  test.each([1, 15, 41, 46, 47, 52])(
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
        later(46, () => world.killDaemon('hostA'));
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
