import { describe, expect, test } from 'vitest';

import type { Moment } from '../support/mortal-process.ts';
import { onceIn, restartDaemon } from '../support/simulated-runs.ts';
import { snapshotSimulated } from '../support/simulated-snapshot.ts';
import { expectSafe } from '../support/snapshot-truths.ts';

const two = { disks: ['vda', 'vdb'], format: 'raw' };
/** Where the delta itself becomes the image. */
const flat = { disks: ['vda', 'vdb'] };
/** Left as soon as they are entered, or before anything is done and after everything is. */
const passing = /(checking|choosing|settling|deciding|concluding|released|completed)$/;

async function statesOf(): Promise<readonly string[]> {
  const { states } = await snapshotSimulated({ input: two });
  return [...new Set(states)].filter((state) => !passing.test(state));
}

const calls = [
  'createImage',
  'copyBlock',
  'freeze',
  'endBlockJob',
  'thaw',
  'convertImage',
  'inspectImage',
  'renameFile',
  'removeFile',
  'releaseClaim',
] as const;

describe('a live snapshot', () => {
  test('whose deltas become its images is brought to its end by the next process', async () => {
    for (const state of ['working.settling', 'writing.inspecting', 'naming.asking'])
      expectSafe(await snapshotSimulated({ input: flat, death: { state } }));
    for (const when of ['before', 'after'] as const)
      expectSafe(await snapshotSimulated({ input: flat, death: { call: 'renameFile', when } }));
  });

  test('is brought to its end by the next process, in whichever state ours dies', async () => {
    for (const state of await statesOf())
      for (const awayMs of [0, 60_000])
        expectSafe(await snapshotSimulated({ input: two, awayMs, death: { state } }));
  });

  test.each(
    calls.flatMap((call) => [{ call, when: 'before' } as const, { call, when: 'after' } as const]),
  )('is brought to its end when ours dies $when $call', async (moment: Moment) => {
    expectSafe(await snapshotSimulated({ input: two, death: moment }));
  });

  test('comes to its end when the daemon dies in any state, and comes back', async () => {
    for (const at of await statesOf()) {
      if (at === 'gathering' || at === 'claiming') continue;
      const end = await snapshotSimulated({ input: two, ...onceIn(at, restartDaemon) });
      expect(end.states).toContain(at);
      expectSafe(end);
    }
  });

  const lost = [
    'copyBlock',
    'freeze',
    'endBlockJob',
    'thaw',
    'convertImage',
    'renameFile',
  ] as const;
  test.each(
    lost.flatMap(
      (call) =>
        [
          { call, how: 'loseReply' },
          { call, how: 'loseRequest' },
        ] as const,
    ),
  )('comes to its end when $call suffers $how', async ({ call, how }) => {
    expectSafe(await snapshotSimulated({ input: two, faults: [{ at: { call }, do: how }] }));
  });
});
