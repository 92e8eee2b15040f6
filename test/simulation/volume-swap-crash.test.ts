import { describe, expect, test } from 'vitest';

import type { Moment } from '../support/mortal-process.ts';
import type { SwapScenario } from '../support/simulated-swap.ts';
import { orderOf, swapSimulated } from '../support/simulated-swap.ts';
import { expectKept, expectSafe, expectUnseen } from '../support/swap-truths.ts';

const disks = [orderOf('vda'), orderOf('vdb')];
/** Left as soon as they are entered, or before anything is done and after everything is. */
const passing =
  /(checking|choosing|deciding|confirmed|swapped|givenUp|concluding|released|completed|rolledBack)$/;

const ways = {
  'of a running guest': { input: { disks, bandwidthMibPerS: 64 } },
  'of a guest that is off': { guest: { state: 'shutoff' }, input: { disks } },
  'that is undone': { input: { disks, oldVolume: 'confirm' }, words: ['undo'] },
} as const satisfies Record<string, SwapScenario>;
type Way = keyof typeof ways;
const names = Object.keys(ways) as Way[];

async function statesOf(way: Way): Promise<readonly string[]> {
  const { states } = await swapSimulated(ways[way]);
  return [...new Set(states)].filter((state) => !passing.test(state));
}

async function survives(way: Way, strike: SwapScenario): Promise<void> {
  const end = await swapSimulated({ ...ways[way], ...strike });
  if (end.output.failure?.code === 'guestUnseen') return expectUnseen(end);
  if (way !== 'that is undone') return expectSafe(end, 'vda', 'vdb');
  expect(end.output.outcome).toBe('rolledBack');
  expectKept(end);
}

describe.each(names)('a swap %s', (way) => {
  test('is brought to its end by the next process, in whichever state ours dies', async () => {
    for (const state of await statesOf(way))
      for (const awayMs of [0, 30_000]) await survives(way, { awayMs, death: { state } });
  });

  test('comes to its end when the daemon dies in any state, and comes back', async () => {
    for (const at of await statesOf(way)) {
      if (at === 'gathering' || at === 'claiming' || at === 'awaitingConfirmation') continue;
      for (const afterMs of [0, 5]) {
        let struck = false;
        const onState: SwapScenario['onState'] = (state, { clock, world }) => {
          if (struck || state !== at) return;
          struck = true;
          const nowEpochMs = clock.nowEpochMs();
          clock.schedule(nowEpochMs + afterMs, () => world.killDaemon('hostA'));
          clock.schedule(nowEpochMs + 3_000, () => world.startDaemon('hostA'));
        };
        await survives(way, { onState });
        expect(struck, at).toBe(true);
      }
    }
  });
});

const calls = [
  'createImage',
  'copyBlock',
  'endBlockJob',
  'findChains',
  'changeDiskImage',
  'releaseClaim',
] as const;

const lost = calls.filter((call) => call !== 'findChains');

describe('a swap of a running guest', () => {
  test.each(
    calls.flatMap((call) => [{ call, when: 'before' } as const, { call, when: 'after' } as const]),
  )('is brought to its end when ours dies $when $call', async (moment: Moment) => {
    await survives('of a running guest', { death: moment });
  });

  test.each(
    lost.flatMap(
      (call) =>
        [
          { call, how: 'loseReply' },
          { call, how: 'loseRequest' },
        ] as const,
    ),
  )('comes to its end when $call suffers $how', async ({ call, how }) => {
    await survives('of a running guest', { faults: [{ at: { call }, do: how }] });
  });
});

const offline = ['convertImage', 'changeDiskImage', 'removeFile'] as const;

describe('a swap of a guest that is off', () => {
  test.each(
    offline.flatMap((call) => (['before', 'after'] as const).map((when) => ({ call, when }))),
  )('is brought to its end when ours dies $when $call', async (moment) => {
    const death =
      moment.call === 'removeFile' ? { death: moment, input: deleting } : { death: moment };
    const end = await swapSimulated({ ...ways['of a guest that is off'], ...death });
    expectSafe(end, 'vda', 'vdb');
  });
});

const deleting = { disks, oldVolume: 'delete' } as const;
