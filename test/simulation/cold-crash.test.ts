import { describe, expect, test } from 'vitest';

import type { Moment } from '../support/mortal-process.ts';
import { coldSimulated } from '../support/simulated-cold.ts';
import { onceIn, restartDaemon } from '../support/simulated-runs.ts';
import { expectGuestAsBefore, expectImage, expectNoImage } from '../support/cold-truths.ts';

type End = Awaited<ReturnType<typeof coldSimulated>>;

const orders = [
  ['plain', { shortOutage: false }],
  ['short', { shortOutage: true }],
] as const;

/** Whatever struck it: the guest is as it was, and there is a whole image or none. */
function expectSafe(end: End): void {
  expect(['completed', 'rolledBack']).toContain(end.output.outcome);
  if (end.output.outcome === 'completed') expectImage(end);
  else expectNoImage(end);
  expectGuestAsBefore(end);
}

/** Left as soon as they are entered, or before anything is done and after everything is. */
const passing = /(checking|planning|choosing|saved|copied|reached|deciding|released|completed)$/;

async function statesOf(input: (typeof orders)[number][1]): Promise<readonly string[]> {
  const { states } = await coldSimulated({ input });
  return [...new Set(states)].filter((state) => !passing.test(state));
}

const calls = {
  plain: ['detachDevice', 'managedSave', 'convertImage', 'renameFile', 'start', 'attachDevice'],
  short: [
    'createImage',
    'putOverlay',
    'start',
    'convertImage',
    'renameFile',
    'commitBlock',
    'endBlockJob',
    'removeFile',
  ],
} as const;

describe.each(orders)('a cold snapshot in the %s order', (order, input) => {
  test('is finished by the next process, in whichever state ours dies', async () => {
    for (const state of await statesOf(input))
      for (const awayMs of [0, 60_000])
        expectSafe(await coldSimulated({ input, awayMs, death: { state } }));
  });

  test.each(
    calls[order].flatMap((call) => [
      { call, when: 'before' } as const,
      { call, when: 'after' } as const,
    ]),
  )('is finished by the next process when ours dies $when $call', async (moment: Moment) => {
    expectSafe(await coldSimulated({ input, death: moment }));
  });

  test('comes to its end when the daemon dies in any state, and comes back', async () => {
    for (const at of await statesOf(input)) {
      if (at === 'gathering' || at === 'claiming') continue;
      const end = await coldSimulated({ input, ...onceIn(at, restartDaemon) });
      expect(end.states).toContain(at);
      expectSafe(end);
    }
  });
});
