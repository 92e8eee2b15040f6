import { describe, expect, test } from 'vitest';

import type { SimulatedWorld } from '../../src/adapters/simulated/index.ts';
import type { Hypervisor } from '../../src/ports/hypervisor.ts';
import { mib } from '../support/simulated-migration.ts';
import type { SwapScenario, SwapStage } from '../support/simulated-swap.ts';
import { orderOf, swapSimulated } from '../support/simulated-swap.ts';
import { expectKept, expectSafe, expectSwapped, expectWell } from '../support/swap-truths.ts';

/** Once, when that state is entered. */
function when(at: string, act: (stage: SwapStage) => void): Pick<SwapScenario, 'onState'> {
  let done = false;
  return {
    onState: (state, stage) => {
      if (done || state !== at) return;
      done = true;
      act(stage);
    },
  };
}

const two = { disks: [orderOf('vda'), orderOf('vdb')], bandwidthMibPerS: 8 };
const waiting = 'working.copying.awaitingReady.waiting';
const persisting = 'working.persisting.asking';
const first = 'working.persisting.first.asking';
const unending = new AbortController().signal;
const starting = { paused: false, forceBoot: false, bypassCache: false };
const slowly = {
  shallow: false,
  reuseExternal: true,
  transientJob: true,
  synchronousWrites: false,
  bandwidthMibPerS: 1,
};

/** What somebody else does on the host. */
function byHand(world: SimulatedWorld, act: (hand: Hypervisor) => Promise<unknown>): void {
  void world.hypervisors.open('simulated:///hostA', unending).then(act);
}

const refusals = (call: 'endBlockJob' | 'resizeBlock', count: number) =>
  Array.from({ length: count }, () => ({ at: { call }, do: 'refuse' }) as const);

/** The daemon is killed in the pivot and knows nothing of it, and its guest is booted anew behind it. */
function behindThePivot(): SwapScenario {
  let struck = false;
  return {
    faults: [{ at: { call: 'changeDiskImage' }, do: { slowMs: 5_000 } }],
    onState: (state, { clock, uuid, world }) => {
      if (struck || state !== 'working.pivoting.asking') return;
      struck = true;
      const at = (delayMs: number, act: () => void): void =>
        void clock.schedule(clock.nowEpochMs() + delayMs, act);
      at(5, () => world.killDaemon('hostA'));
      at(500, () => world.startDaemon('hostA'));
      at(2_000, () => world.powerOff(uuid));
      at(2_500, () => byHand(world, (hand) => hand.start(uuid, starting, unending)));
    },
  };
}

/** Somebody starts the guest when its n-th definition is about to be changed. */
const startsAt = (nth: number): Pick<SwapScenario, 'onState'> => {
  let seen = 0;
  return {
    onState: (state, { uuid, world }) => {
      if ((state === first || state === persisting) && (seen += 1) === nth)
        byHand(world, (hand) => hand.start(uuid, starting, unending));
    },
  };
};

const lostCode = (code: string) => ({ outcome: 'rolledBack', failure: { code } });

describe('a swap whose copy fails', () => {
  test('keeps its old volumes, all of them', async () => {
    const end = await swapSimulated({
      input: two,
      ...when(waiting, ({ uuid, world }) => world.failBlockJob(uuid, 'vdb')),
    });
    expect(end.output).toMatchObject(lostCode('copyLost'));
    expectKept(end);
  });

  test('because its place runs full in the middle', async () => {
    const standing = { path: '/new/vda.qcow2', capacityBytes: 64 * mib, format: 'qcow2' };
    const filler = { path: '/new/filler', capacityBytes: 60 * mib };
    let full = false;
    const end = await swapSimulated({
      roomBytes: 100 * mib,
      input: { disks: [orderOf('vda', { create: false })] },
      host: { volumes: [standing] },
      onState: (state, { world }) => {
        if (full || state !== 'working.copying.beginning') return;
        full = true;
        world.addDomain({
          name: 'filler',
          host: 'hostA',
          state: 'shutoff',
          disks: [{ targetDev: 'vda', ...filler, storage: 'private' }],
        });
      },
    });
    expect(full).toBe(true);
    expect(end.output).toMatchObject(lostCode('copyLost'));
    expect(end.after.files).toContain(standing.path);
    expectWell(end);
  });

  test.each([
    ['powerOff', 'alone'],
    ['powerOff', 'behind its copy'],
    ['killQemu', 'alone'],
    ['killQemu', 'behind its copy'],
  ] as const)('because its guest ends: %s, told %s', async (how, told) => {
    const strike = ({ uuid, world }: SwapStage): void => {
      if (told === 'behind its copy') world.failBlockJob(uuid, 'vda');
      world[how](uuid);
    };
    const input = told === 'alone' ? two : { ...two, disks: [orderOf()] };
    const end = await swapSimulated({ input, ...when(waiting, strike) });
    expect(end.output).toMatchObject(lostCode('guestStopped'));
    expect(end.after).toMatchObject({ state: 'shutoff', claims: [], files: end.before.files });
    expectWell(end);
  });

  test('because its guest ends before anything is copied, and with it a transient domain', async () => {
    const end = await swapSimulated({
      guest: { persistent: false },
      ...when('working.making.creating', ({ uuid, world }) => world.powerOff(uuid)),
    });
    expect(end.output).toMatchObject(lostCode('guestStopped'));
    expect(end.after.files).toEqual(end.before.files);
  });

  test('because it is refused', async () => {
    const end = await swapSimulated({
      input: two,
      faults: [{ at: { call: 'copyBlock' }, do: 'refuse' }],
    });
    expect(end.output).toMatchObject(lostCode('libvirtError'));
    expectKept(end);
  });

  test('and that was made over a file of somebody else leaves that alone', async () => {
    const theirs = { path: '/new/vda.qcow2', capacityBytes: mib };
    const end = await swapSimulated(
      when('claiming', ({ world }) =>
        world.addDomain({
          name: 'other',
          host: 'hostA',
          state: 'shutoff',
          disks: [{ targetDev: 'vda', ...theirs, storage: 'private' }],
        }),
      ),
    );
    expect(end.output).toMatchObject(lostCode('imageExists'));
    expect(end.after.files).toContain(theirs.path);
    expect(end.output.artefacts).toEqual([]);
  });
});

describe('a swap that comes too late or too early', () => {
  test('asks again for a pivot that is refused, and gets there', async () => {
    const end = await swapSimulated({ input: two, faults: refusals('endBlockJob', 3) });
    expectSwapped(end, 'vda', 'vdb');
  });

  test('keeps its old volumes when every pivot is refused', async () => {
    const end = await swapSimulated({ faults: refusals('endBlockJob', 60) });
    expect(end.output).toMatchObject(lostCode('pivotRefused'));
    expectKept(end);
  });

  test('asks a person when nobody ever says which volume it is', async () => {
    const end = await swapSimulated(
      when('working.pivoting.asking', ({ clock, world }) => {
        clock.schedule(clock.nowEpochMs() + 5, () => world.killDaemon('hostA'));
      }),
    );
    expect(end.output).toMatchObject({
      outcome: 'needsOperator',
      failure: { code: 'volumeUnknown', effect: 'unknown' },
    });
    expect(end.after.files).toContain('/new/vda.qcow2');
  });

  test('of a guest that ends just before its pivot keeps the old volume', async () => {
    const end = await swapSimulated(
      when('working.pivoting.asking', ({ uuid, world }) => world.powerOff(uuid)),
    );
    expect(end.output).toMatchObject(lostCode('guestStopped'));
    expect(end.after.files).toEqual(end.before.files);
    expectWell(end);
  });

  test.each(['powerOff', 'killQemu'] as const)(
    'of a guest that ends between pivot and definition has its new volume: %s',
    async (how) => {
      const end = await swapSimulated(when(persisting, ({ uuid, world }) => world[how](uuid)));
      expect(end.output).toMatchObject({ outcome: 'completed' });
      expect(end.after).toMatchObject({ state: 'shutoff', claims: [] });
      expect(end.after.disks?.[0]?.path).toBe('/new/vda.qcow2');
      expectWell(end);
    },
  );

  test('by somebody else is taken as it is', async () => {
    const end = await swapSimulated({
      input: { bandwidthMibPerS: 8 },
      ...when('working.copying.awaitingReady.confirming', ({ uuid, world }) => {
        byHand(world, (hand) => hand.endBlockJob(uuid, 'vda', 'pivot', unending));
      }),
    });
    expectSwapped(end);
  });

  test('finds other volumes than it was to swap, and touches nothing', async () => {
    const end = await swapSimulated(
      when('claiming', ({ uuid, world }) => {
        const source = { kind: 'file', path: '/images/vdb.qcow2' } as const;
        const copy = { source, format: 'qcow2' };
        byHand(world, (hand) => hand.copyBlock(uuid, 'vda', copy, slowly, unending));
      }),
    );
    expect(end.output).toMatchObject(lostCode('disksChanged'));
    expect(end.after.disks?.[0]?.blockJob).toBe('copy');
  });

  test('of a guest that is started in the last moment leaves it on its old volumes', async () => {
    const end = await swapSimulated({ guest: { state: 'shutoff' }, input: two, ...startsAt(1) });
    expect(end.output).toMatchObject(lostCode('guestStarted'));
    expect(end.after.files).toEqual(end.before.files);
    expectWell(end);
  });

  test('of a guest that is started with some of them tells which', async () => {
    const end = await swapSimulated({ guest: { state: 'shutoff' }, input: two, ...startsAt(2) });
    expect(end.output).toMatchObject({
      outcome: 'needsOperator',
      failure: { code: 'swappedPartly' },
      swapped: [{ targetDev: 'vda' }],
    });
    expect(end.after.disks?.map(({ path }) => path)).toEqual([
      '/new/vda.qcow2',
      '/images/vdb.qcow2',
    ]);
    expect(end.configured).toEqual(['/new/vda.qcow2', '/images/vdb.qcow2']);
  });

  test('never lets a guest go on with an old volume behind its pivot without a word', async () => {
    const end = await swapSimulated(behindThePivot());
    expect(end.output).toMatchObject({
      outcome: 'needsOperator',
      failure: { code: 'startedOnOld', effect: 'done' },
    });
    expect(end.after.files).toContain('/new/vda.qcow2');
  });

  test('is refused where another one has the domain', async () => {
    const end = await swapSimulated({
      input: two,
      ...when(waiting, ({ again }) => again()),
    });
    expectSwapped(end, 'vda', 'vdb');
    expect(end.others).toEqual(['refused']);
  });
});

describe('a disk that cannot grow', () => {
  const input = { disks: [orderOf('vda', { resizeBytes: 128 * mib })] };

  test('is asked again, and grows', async () => {
    const end = await swapSimulated({ input, faults: refusals('resizeBlock', 2) });
    expectSwapped(end);
    expect(end.output.swapped).toMatchObject([{ resizedToBytes: 128 * mib }]);
  });

  test('is on its new volume all the same, and the run says how to make it grow', async () => {
    const end = await swapSimulated({ input, faults: refusals('resizeBlock', 99) });
    expectSwapped(end);
    expect(end.output.swapped).toMatchObject([{ resizedToBytes: null }]);
    expect(end.output.notes.join()).toContain('blockresize guest vda 134217728B');
  });
});

describe('an abort', () => {
  test('leaves nothing wherever it is heeded, and is too late behind the first pivot', async () => {
    for (const state of ['running', 'shutoff'] as const) {
      const scenario = { guest: { state }, input: two };
      const { states } = await swapSimulated(scenario);
      for (const at of new Set(states)) {
        const end = await swapSimulated({ ...scenario, ...when(at, ({ abort }) => abort()) });
        expectSafe(end, 'vda', 'vdb');
        if (end.output.outcome === 'rolledBack')
          expect(end.output.failure, at).toMatchObject({ code: 'abortRequested' });
      }
    }
  });
});
