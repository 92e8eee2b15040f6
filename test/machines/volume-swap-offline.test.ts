import { describe, expect, test } from 'vitest';

import { failed, seen, SwapWalk } from './volume-swap.ts';

const copied = (): SwapWalk =>
  new SwapWalk().claimed().looks([seen()], 'off').done('makeVolume').done('copyOffline');

describe('the definition of a guest that is off', () => {
  test('that was certainly not changed is the old one, and all is called off', () => {
    const walk = copied().fail('persistFirst', failed()).elapse('peerWait').cleaned();
    expect(walk.output()).toMatchObject({
      outcome: 'rolledBack',
      failure: { code: 'hostUnreachable' },
    });
  });

  test.each([
    ['whose answer is lost', () => copied().fail('persistFirst', failed('unknown'))],
    ['that nobody answers', () => copied()],
    [
      'that was refused after an answer was lost',
      () =>
        copied()
          .fail('persistFirst', failed('unknown'))
          .elapse('askAgain')
          .fail('persistFirst', failed()),
    ],
  ])('%s may name the new volume: nothing is removed, and a person is asked', (_, begin) => {
    const walk = begin().elapse('peerWait');
    expect(walk.output()).toMatchObject({
      outcome: 'needsOperator',
      failure: { code: 'volumeUnknown', effect: 'unknown' },
    });
    expect(walk.started()).not.toContain('removeVolumes');
  });
});
