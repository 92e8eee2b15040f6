import { describe, expect, test } from 'vitest';

import { FailureError } from '../../src/ports/failure.ts';
import { hooked } from '../support/hooked-hypervisors.ts';
import type { SwapScenario, SwapStage } from '../support/simulated-swap.ts';
import { orderOf, swapSimulated } from '../support/simulated-swap.ts';
import { expectKept, expectSwapped } from '../support/swap-truths.ts';

const cutOff = () =>
  new FailureError({ code: 'connectionLost', message: 'the reply is lost', effect: 'unknown' });
const standing = { path: '/new/vda.qcow2', capacityBytes: 64 * 2 ** 20, format: 'qcow2' };
const given: SwapScenario = {
  input: { disks: [orderOf('vda', { create: false })], bandwidthMibPerS: 8 },
  host: { volumes: [standing] },
};

/** Whoever begins the copy is cut off at once; its daemon reads that half a second later. */
function heardLate(onUnseen: (stage: SwapStage) => void): SwapScenario {
  let stage: SwapStage | null = null;
  let isStruck = false;
  return {
    ...given,
    onState: (state, now) => {
      stage = now;
      if (state.endsWith('.hearing')) onUnseen(now);
    },
    through: hooked({
      copyBlock: (call) => {
        if (isStruck || stage === null) return call();
        isStruck = true;
        const { clock } = stage;
        clock.schedule(clock.nowEpochMs() + 500, () => void call());
        return Promise.reject(cutOff());
      },
    }),
  };
}

describe('a copy whose beginning its daemon reads late', () => {
  test('is waited for, and becomes the disk', async () => {
    let unseen = 0;
    const end = await swapSimulated(heardLate(() => (unseen += 1)));
    expect(unseen).toBe(1);
    expect(end.output).toMatchObject({ outcome: 'completed', failure: null });
    expectSwapped(end, 'vda');
  });

  test('is dropped where the swap is called off meanwhile', async () => {
    let isAborted = false;
    const end = await swapSimulated(
      heardLate(({ abort }) => {
        if (!isAborted) abort();
        isAborted = true;
      }),
    );
    expect(isAborted).toBe(true);
    expect(end.output).toMatchObject({
      outcome: 'rolledBack',
      failure: { code: 'abortRequested' },
    });
    expectKept(end);
  });
});
