import { describe, expect, test } from 'vitest';

import type { Fault } from '../../src/adapters/simulated/index.ts';
import type { Hypervisor } from '../../src/ports/hypervisor.ts';
import type { Moment } from '../support/mortal-process.ts';
import type { SavingEnd, SavingRequest, SavingScenario } from '../support/simulated-saving.ts';
import { memoryPath, savingSimulated } from '../support/simulated-saving.ts';

const plainly = { bypassCache: false, resumeAs: 'asBefore', xml: null } as const;
const signal = new AbortController().signal;
const image = '/var/lib/libvirt/qemu/save/guest.save';

const savedBefore = async (hand: Hypervisor): Promise<void> => {
  const domain = await hand.findDomain('guest', signal);
  await hand.managedSave(domain?.uuid ?? '', plainly, signal);
};
const filedBefore = async (hand: Hypervisor): Promise<void> => {
  const domain = await hand.findDomain('guest', signal);
  await hand.saveTo(domain?.uuid ?? '', memoryPath, plainly, signal);
};

const destroyed = async (hand: Hypervisor): Promise<void> => {
  const domain = await hand.findDomain('guest', signal);
  await hand.destroy(domain?.uuid ?? '', signal);
};

/** Its disk is not the one that was noted. */
const touched = async (hand: Hypervisor): Promise<void> => {
  await savedBefore(hand);
  const domain = await hand.findDomain('guest', signal);
  const uuid = domain?.uuid ?? '';
  const path = domain?.disks[0]?.path ?? '';
  const volume = await hand.findVolume(path, signal);
  const place = { kind: 'managed', domainUuid: uuid } as const;
  const changedAt = `not ${volume?.changedAt}`;
  await hand.noteSaved(place, [{ targetDev: 'vda', path, changedAt }], signal);
};

const ways: readonly (readonly [string, SavingScenario & { readonly request: SavingRequest }])[] = [
  ['save', { request: { action: 'save' } }],
  ['saveTo', { request: { action: 'saveTo', file: memoryPath } }],
  ['start', { request: { action: 'start' }, before: savedBefore }],
  ['restore', { request: { action: 'restore', file: memoryPath }, before: filedBefore }],
];

const isSave = ({ output: { action } }: SavingEnd): boolean => action.startsWith('save');

/** No tick was lost or repeated between the stretches in which the guest ran. */
function expectTicksContinuous({ spans }: SavingEnd): void {
  for (const [index, span] of spans.entries())
    expect(span.firstTick).toBe((spans[index - 1]?.lastTick ?? 0) + 1);
}

/** The guest runs, and no memory of it is left that anybody could go on from by mistake. */
function expectRunning(end: SavingEnd): void {
  expect(end.guest).toMatchObject({ state: 'running', vcpus: 'running', claims: [] });
  expect(end.files).not.toContain(image);
  if (isSave(end)) expect(end.files).not.toContain(memoryPath);
  expectTicksContinuous(end);
}

/** The guest is off, and its whole memory waits. */
function expectAsleep(end: SavingEnd): void {
  expect(end.guest).toMatchObject({ state: 'shutoff', vcpus: 'none', claims: [] });
  expect(end.files.filter((path) => path === image || path === memoryPath)).toHaveLength(1);
}

/** Whatever struck it: the guest runs, or its whole memory waits for it. */
function expectSafe(end: SavingEnd): void {
  const { outcome } = end.output;
  expect(['completed', 'rolledBack']).toContain(outcome);
  if ((outcome === 'completed') === isSave(end)) expectAsleep(end);
  else expectRunning(end);
}

/** Left as soon as they are entered. */
const passing = /(checking|choosing|deciding|finishing|released|completed)$/;
const faultOf = (call: 'managedSave' | 'start', does: Fault['do']) =>
  ({ at: { call }, do: does }) as Fault;

describe.each(ways)('%s', (_, scenario) => {
  test('does what it says, and states since when the guest stands or runs', async () => {
    const end = await savingSimulated(scenario);
    expect(end.output).toMatchObject({ outcome: 'completed', failure: null });
    expectSafe(end);
    if (isSave(end))
      expect(end.output.shutOffAtEpochMs).toBeGreaterThan(end.output.pausedAtEpochMs ?? Infinity);
  });

  test('is finished by the next process, in whichever state ours dies', async () => {
    const { states } = await savingSimulated(scenario);
    for (const state of states.filter((each) => !passing.test(each)))
      for (const awayMs of [0, 60_000])
        expectSafe(await savingSimulated({ ...scenario, awayMs, death: { state } }));
  });

  test('is finished by the next process, before or after whichever call ours dies', async () => {
    const { action } = scenario.request;
    const calls = {
      save: ['managedSave', 'noteSaved', 'releaseClaim'],
      saveTo: ['saveTo', 'noteSaved', 'releaseClaim'],
      start: ['start', 'releaseClaim'],
      restore: ['restoreFrom', 'releaseClaim'],
      removeManagedSave: [],
    } as const satisfies Record<string, readonly Moment['call'][]>;
    for (const call of calls[action ?? 'save'])
      for (const when of ['before', 'after'] as const)
        expectSafe(await savingSimulated({ ...scenario, death: { call, when } }));
  });

  test('comes to its end when the daemon dies in any state, and comes back', async () => {
    const { states } = await savingSimulated(scenario);
    for (const at of states.filter((each) => !passing.test(each) && each !== 'gathering')) {
      if (at === 'claiming') continue;
      let struck = false;
      const end = await savingSimulated({
        ...scenario,
        onState: (state, { clock, world }) => {
          if (struck || state !== at) return;
          struck = true;
          // In the midst of what this state does.
          clock.schedule(clock.nowEpochMs() + 50, () => world.killDaemon('hostA'));
          clock.schedule(clock.nowEpochMs() + 3_000, () => world.startDaemon('hostA'));
        },
      });
      expect(struck, at).toBe(true);
      expectSafe(end);
    }
  });
});

describe('a save', () => {
  test.each(['refuse', 'loseRequest', 'loseReply', 'failAfterEffect'] as const)(
    'whose call meets %s leaves a guest that runs or a whole memory',
    async (does) => {
      expectSafe(await savingSimulated({ faults: [faultOf('managedSave', does)] }));
      expectSafe(
        await savingSimulated({
          request: { action: 'start' },
          before: savedBefore,
          faults: [faultOf('start', does)],
        }),
      );
    },
  );

  test('is called off, and the guest runs on', async () => {
    const end = await savingSimulated({
      guest: { memoryBytes: 4 * 2 ** 30 },
      onState: (state, { abort }) => {
        if (state.endsWith('saving.writing')) abort();
      },
    });
    expect(end.output).toMatchObject({
      outcome: 'rolledBack',
      failure: { code: 'abortRequested' },
      artefacts: [],
    });
    expectRunning(end);
  });

  test('without space for it leaves the guest running', async () => {
    const end = await savingSimulated({ roomBytes: 2 ** 20 });
    expect(end.output).toMatchObject({ outcome: 'rolledBack', guest: 'running', artefacts: [] });
    expectRunning(end);
  });

  test('of a guest that is destroyed meanwhile says so, and leaves nothing', async () => {
    const end = await savingSimulated({
      guest: { memoryBytes: 4 * 2 ** 30 },
      onState: (state, { clock, hand }) => {
        if (!state.endsWith('saving.writing')) return;
        clock.schedule(clock.nowEpochMs() + 500, () => {
          void destroyed(hand);
        });
      },
    });
    expect(end.output).toMatchObject({
      outcome: 'rolledBack',
      guest: 'shutOff',
      failure: { code: 'guestEnded' },
      artefacts: [],
    });
    expect(end.files).not.toContain(image);
  });

  test('of a paused guest leaves one that goes on paused', async () => {
    const saved = await savingSimulated({ guest: { state: 'paused' } });
    expect(saved.output).toMatchObject({ outcome: 'completed', guest: 'shutOff' });
    const aborted = await savingSimulated({
      guest: { state: 'paused', memoryBytes: 4 * 2 ** 30 },
      onState: (state, { abort }) => {
        if (state.endsWith('saving.writing')) abort();
      },
    });
    expect(aborted.guest).toMatchObject({ state: 'paused', vcpus: 'paused' });
  });

  test('of a transient guest, and back: it is transient again', async () => {
    const request = { action: 'saveTo', file: memoryPath } as const;
    const end = await savingSimulated({ guest: { persistent: false }, request });
    expect(end.output).toMatchObject({ outcome: 'completed', guest: 'gone' });
    expect(end.guest).toBeNull();
    const back = await savingSimulated({
      guest: { persistent: false },
      before: filedBefore,
      request: { action: 'restore', file: memoryPath },
    });
    expect(back.output).toMatchObject({ outcome: 'completed', guest: 'running', artefacts: [] });
    expect(back.guest).toMatchObject({ state: 'running', persistent: false, claims: [] });
  });

  test('is refused where its disk was written to since, and goes on by force', async () => {
    const request = { action: 'start' } as const;
    const refused = await savingSimulated({ request, before: touched });
    expect(refused.output).toMatchObject({ outcome: 'refused', failure: { code: 'disksFit' } });
    expectAsleep(refused);
    const forced = await savingSimulated({ request: { ...request, force: true }, before: touched });
    expectRunning(forced);
  });
});
