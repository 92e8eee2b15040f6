import { describe, expect, test } from 'vitest';

import { FailureError } from '../../src/ports/failure.ts';
import { hooked } from '../support/hooked-hypervisors.ts';
import { uuid } from '../support/simulated-host.ts';
import type { RevertScenario } from '../support/simulated-revert.ts';
import { memoryPath, revertSimulated } from '../support/simulated-revert.ts';

type Ended = Awaited<ReturnType<typeof revertSimulated>>;

const unending = new AbortController().signal;
const shutOff = { state: 'shutoff' } as const;
const unkept = { keepBefore: false } as const;

/** The guest is where its snapshot has it: its first tick afterwards is one that it had made then. */
function expectReverted({ after, output, spans, ticksBefore }: Ended): void {
  expect(output).toMatchObject({
    outcome: 'completed',
    reverted: true,
    failure: null,
    artefacts: [],
    keptAs: null,
  });
  expect(after).toMatchObject({ claims: [], persistent: true, job: null, snapshots: ['then *'] });
  if (output.state === 'running' && ticksBefore > 0)
    expect(spans.at(-1)?.firstTick).toBeLessThan(ticksBefore - 5);
}

/** Nothing tells that a run was there: state, disks but for a new layer, snapshots, claims. */
function expectAsBefore({ after, before, output, spans, ticksBefore }: Ended): void {
  expect(output).toMatchObject({ outcome: 'rolledBack', reverted: false, artefacts: [] });
  const { disks: _, ...rest } = before;
  expect(after).toMatchObject(rest);
  if (before.vcpus === 'running') {
    const last = spans.at(-1);
    expect(last?.lastTick).toBeGreaterThan(ticksBefore);
    // Kept when the run began: not a tick from before that was lost.
    expect(last?.firstTick).toBeLessThanOrEqual(ticksBefore + 12);
  }
}

const dies = new FailureError({
  code: 'libvirtError',
  message: 'QEMU could not load it',
  effect: 'unknown',
  libvirt: { code: 1, domain: 10 },
});

/** libvirt ends the QEMU, and then it goes wrong: so many times, whatever is reverted to. */
const failing = (times: number): NonNullable<RevertScenario['through']> => {
  let left = times;
  return (plain) =>
    hooked({
      revertToSnapshot: async (call) => {
        if (left === 0) return call();
        left -= 1;
        const host = await plain.open('simulated:///hostA', unending);
        await host.destroy(uuid, unending);
        throw dies;
      },
    })(plain);
};

describe('a revert on a simulated host', () => {
  const ways: readonly [string, RevertScenario, object][] = [
    ['what runs, inside its disks', {}, { state: 'running' }],
    [
      'what runs, to stand paused',
      { input: { resumeAs: 'paused' } },
      { state: 'paused', outageMs: null },
    ],
    ['what is paused', { guest: { state: 'paused' } }, { state: 'paused' }],
    ['what is shut off', { guest: shutOff }, { state: 'shutoff' }],
    ['what is shut off, to run', { guest: shutOff, input: { resumeAs: 'running' } }, {}],
    ['what runs, without keeping anything', { input: unkept }, { state: 'running' }],
    ['what runs, on new overlays', { kind: 'external' }, { state: 'running' }],
    ['what is shut off, on new overlays', { kind: 'external', guest: shutOff }, {}],
  ];

  test.each(ways)('brings %s', async (_, scenario, seen) => {
    const ended = await revertSimulated(scenario);
    expect(ended.output).toMatchObject(seen);
    expectReverted(ended);
    if (ended.output.state === 'running' && scenario.guest === undefined)
      expect(ended.output.outageMs).toBeGreaterThan(0);
  });

  test('does not bring back an old claim of a snapshot', async () => {
    const claim = { run: 'old', engine: 'gone:1', sinceEpochMs: 1 };
    const meanwhile: RevertScenario['meanwhile'] = async (hand) => {
      const record: unknown = JSON.parse(await hand.snapshotXml(uuid, 'then', unending));
      const { definition } = Object(record);
      const claimed = { ...Object(record), definition: { ...definition, claims: [claim] } };
      const text = JSON.stringify(claimed);
      await hand.redefineSnapshot(uuid, text, { current: true }, unending);
    };
    expectReverted(await revertSimulated({ meanwhile }));
  });
});

describe('what goes wrong', () => {
  const kinds = ['internal', 'external'] as const;

  test.each(kinds)('a revert that fails midway goes back: %s', async (kind) => {
    const ended = await revertSimulated({ kind, through: failing(1) });
    expect(ended.output).toMatchObject({ failure: { code: 'libvirtError' } });
    expect(ended.states).toContain('working.goingBack.asking');
    expectAsBefore(ended);
  });

  test('a shut-off guest goes back, too: its disks may be switched in part', async () => {
    const through = hooked({ revertToSnapshot: onceThrown() });
    const ended = await revertSimulated({ guest: shutOff, through });
    expect(ended.states).toContain('working.goingBack.asking');
    expectAsBefore(ended);
  });

  test('a memory file that is gone fails before anything is touched', async () => {
    const { after, before, output } = await revertSimulated({
      kind: 'external',
      meanwhile: (hand) => hand.removeFile(memoryPath, unending),
    });
    expect(output).toMatchObject({ outcome: 'refused', failure: { code: 'filesThere' } });
    expect(after).toEqual(before);
  });

  test('a memory file that goes meanwhile costs nothing but the outage', async () => {
    const ended = await revertSimulated({
      kind: 'external',
      onState: (state, { hand }) => {
        if (state === 'working.keeping') void hand.removeFile(memoryPath, unending);
      },
    });
    expect(ended.states).toContain('working.goingBack.asking');
    expectAsBefore(ended);
  });

  test('a way back that fails is gone again', async () => {
    const ended = await revertSimulated({ through: failing(2) });
    expectAsBefore(ended);
  });

  test('one that never works is for an operator, with the state before kept', async () => {
    const { after, output } = await revertSimulated({ through: failing(9) });
    expect(output).toMatchObject({
      outcome: 'needsOperator',
      keptAs: 'before-then',
      failure: { code: 'notBroughtBack', message: expect.stringContaining('snapshot-revert') },
    });
    expect(after.snapshots).toContain('before-then *');
  });

  test('a failed revert of which nothing was kept is for an operator', async () => {
    const { output } = await revertSimulated({ input: unkept, through: failing(1) });
    expect(output).toMatchObject({ outcome: 'needsOperator', failure: { code: 'revertFailed' } });
  });

  test.each(kinds)('a lost request leaves everything as it was: %s', async (kind) => {
    const at = { call: 'revertToSnapshot' } as const;
    const ended = await revertSimulated({ kind, faults: [{ at, do: 'loseRequest' }] });
    expect(ended.states).not.toContain('working.goingBack.asking');
    expectAsBefore(ended);
  });

  test.each(kinds)('a lost reply costs nothing: %s', async (kind) => {
    const at = { call: 'revertToSnapshot' } as const;
    expectReverted(await revertSimulated({ kind, faults: [{ at, do: 'loseReply' }] }));
  });

  test.each(['loseRequest', 'refuse'] as const)(
    'a state that could not be kept (%s) ends it, and nothing is left',
    async (fault) => {
      for (const kind of kinds) {
        const through = hooked({ createSnapshot: () => Promise.reject(lostOrRefused(fault)) });
        const ended = await revertSimulated({ kind, through });
        expect(ended.states).not.toContain('working.reverting');
        expectAsBefore(ended);
      }
    },
  );

  test('a reply of the keeping that is lost costs nothing', async () => {
    const through = hooked({
      createSnapshot: async (call) => {
        await call();
        throw lostOrRefused('loseRequest');
      },
    });
    expectReverted(await revertSimulated({ through }));
  });

  test('an abort while the state is kept leaves the guest running, and nothing behind', async () => {
    const ended = await revertSimulated({
      onState: (state, { abort, later }) => {
        if (state === 'working.keeping') later(5, abort);
      },
    });
    expect(ended.output).toMatchObject({ failure: { code: 'abortRequested' } });
    expectAsBefore(ended);
  });

  test.each(kinds)('a daemon killed in the revert brings the guest back: %s', async (kind) => {
    const ended = await revertSimulated({
      kind,
      onState: (state, { later, world }) => {
        if (state !== 'working.reverting') return;
        later(50, () => world.killDaemon('hostA'));
        later(2_000, () => world.startDaemon('hostA'));
      },
    });
    expectAsBefore(ended);
  });
});

const lostOrRefused = (fault: 'loseRequest' | 'refuse') =>
  new FailureError({
    code: fault === 'refuse' ? 'libvirtError' : 'connectionLost',
    message: fault,
    effect: fault === 'refuse' ? 'none' : 'unknown',
  });

function onceThrown(): (call: () => Promise<unknown>) => Promise<unknown> {
  let isFirst = true;
  return (call) => {
    if (!isFirst) return call();
    isFirst = false;
    return Promise.reject(dies);
  };
}

describe('a process that dies', () => {
  const states = [
    'working.keeping',
    'working.checkingKept.asking',
    'working.reverting',
    'working.looking.asking',
    'working.reclaiming.asking',
    'working.discarding.asking',
    'releasing.asking',
  ];

  test.each(states)('in %s leaves a run that another one ends', async (state) => {
    for (const kind of ['internal', 'external'] as const) {
      const ended = await revertSimulated({ kind, death: { state } });
      if (ended.output.outcome === 'completed') expectReverted(ended);
      else expectAsBefore(ended);
    }
  });

  test.each(['before', 'after'] as const)('%s libvirt was asked, likewise', async (when) => {
    const ended = await revertSimulated({ death: { call: 'revertToSnapshot', when } });
    if (when === 'after') expectReverted(ended);
    else expectAsBefore(ended);
  });
});
