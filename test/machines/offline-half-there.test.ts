import { describe, expect, test } from 'vitest';

import { held, offlineTo } from './offline.ts';
import { connectionLost, operationFailed, outputOf } from './protocol.ts';

/** Finish was never answered, and the destination shows what Prepare had made. */
const halfThere = () =>
  offlineTo('transferring.finish3')
    .fail('finish', connectionLost)
    .done('look', held('off', 'half'));

describe('a domain that is half there', () => {
  test('is not taken for the definition: it is taken away, and looked at again', () => {
    const walk = halfThere();
    expect(walk.isIn('uncertain.forgetting')).toBe(true);
    walk.done('forget', undefined).done('look', held('off', 'nothing'));
    expect(outputOf(walk)).toMatchObject({
      outcome: 'rolledBack',
      failure: { code: connectionLost.code },
    });
  });

  test('may have been finished meanwhile: then it has moved', () => {
    const walk = halfThere().done('forget', undefined).done('look', held('off', 'off'));
    walk.done('compare');
    expect(outputOf(walk)).toMatchObject({ outcome: 'completed', failure: null });
  });

  test('that cannot be taken away yet is tried again, until the wait is over', () => {
    const walk = halfThere().fail('forget', connectionLost);
    expect(walk.isIn('uncertain.waiting')).toBe(true);
    walk.elapse('askAgain').done('look', held('off', 'half')).elapse('peerWait');
    expect(outputOf(walk).outcome).toBe('needsOperator');
  });
});

describe('what stands there before we have asked for it', () => {
  test.each([
    ['defined', 'begin', 'off'],
    ['half there', 'begin', 'half'],
    ['defined', 'prepare', 'off'],
  ] as const)("%s, when %s fails: it is somebody else's", (_, phase, there) => {
    const walk = offlineTo(phase === 'begin' ? 'transferring.begin3' : 'transferring.prepare');
    walk.fail(phase, operationFailed);
    if (phase === 'prepare') walk.done('confirmCancelled', { atEpochMs: 60 });
    walk.done('look', held('off', there)).elapse('peerWait');
    expect(outputOf(walk).outcome).toBe('needsOperator');
    expect(walk.started()).not.toContain('forgetHalfMoved');
  });
});
