import { describe, expect, test } from 'vitest';

import { look } from './hosts.ts';
import { brokenIn, direct } from './postcopy-walks.ts';
import { connectionLost, operationFailed, outputOf } from './protocol.ts';
import type { Walk } from './walk.ts';

/** Whole over there; the job of the half went with our connection, before Confirm was heard. */
const halfLeft = (): Walk => {
  const walk = brokenIn(direct).elapse('recoverAgain');
  for (const call of ['beginResume', 'prepareResume', 'performResume', 'finishResume'])
    walk.done(call, { holds: 'guest', atEpochMs: 70 });
  return walk
    .see('link.source.lost')
    .fail('confirmResume', connectionLost)
    .done('lookAtPostcopy', look('brokenPostcopy', 'running'))
    .done('look', look('brokenPostcopy', 'running'));
};

describe('a half that a post-copy leaves on the source', () => {
  test('is ended where no job of ours holds it any more, beside the whole guest', () => {
    const walk = halfLeft();
    expect(walk.inFlight.get('endHalf')).toMatchObject({ src: 'destroyHalf' });
    walk.done('endHalf').done('look', look('shutoff', 'running'));
    expect(outputOf(walk)).toMatchObject({ outcome: 'completed', failure: null });
  });

  test('that cannot be ended is told to an operator', () => {
    const walk = halfLeft();
    // Two waits are under way: for a QEMU that hangs, and for a host that does not answer.
    walk.fail('endHalf', operationFailed).elapse('peerWait').elapse('peerWait');
    expect(outputOf(walk)).toMatchObject({
      outcome: 'needsOperator',
      failure: { code: 'sourceNotEnded' },
    });
  });
});
