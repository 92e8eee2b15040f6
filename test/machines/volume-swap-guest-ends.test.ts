import { describe, expect, test } from 'vitest';

import { failed, seen, seenCopying, SwapWalk } from './volume-swap.ts';

const undone = (code: string) => ({ outcome: 'rolledBack', failure: { code }, artefacts: [] });

describe('a copy that is not there', () => {
  test('because its guest ended, though it is told after its copy', () => {
    for (const job of ['failed', 'canceled'] as const) {
      const told = new SwapWalk().copying().job(job).see('domain.stopped', 'shutdown');
      expect(told.looks([seen()], 'off').cleaned().output()).toMatchObject(undone('guestStopped'));
      const unsaid = new SwapWalk().copying().job(job).fail('lookWhyLost', failed('unknown'));
      unsaid.elapse('askAgain').looks([seen()], 'off');
      expect(unsaid.cleaned().output()).toMatchObject(undone('guestStopped'));
    }
  });

  test('because its guest shuts down, and its QEMU stands yet', () => {
    const looked = new SwapWalk().copying().elapse('lookWait').looks([seen()], 'running', 9, true);
    const told = new SwapWalk().copying().job('failed').looks([seen()], 'running', 9, true);
    for (const walk of [looked, told])
      expect(walk.cleaned().output()).toMatchObject(undone('guestStopped'));
  });

  test('because its guest ended, and was started since', () => {
    const walk = new SwapWalk().copying().job('failed').see('domain.stopped', 'shutdown');
    const { failure } = walk.see('domain.started', 'booted').cleaned().output() as {
      failure: { message: string };
    };
    expect(failure).toMatchObject({ code: 'guestStopped' });
    expect(failure.message).toContain('it was started again');
  });

  test('though its guest was started over in the same QEMU before', () => {
    const walk = new SwapWalk().copying();
    const shutdown = { state: 'shutdown', detail: 'unknown', atEpochMs: 9 };
    walk.send(Object.assign({ type: 'domain.seen' }, shutdown)).looks([seenCopying()]);
    walk.job('failed').looks([seen()]);
    expect(walk.cleaned().output()).toMatchObject(undone('copyLost'));
  });
});
