import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { boundedCall } from '../../../../src/adapters/libvirt/bounded-call.ts';
import { toFailure } from '../../../../src/ports/failure.ts';

const uri = 'qemu+tcp://here/system';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

/** A call that never answers, but minds its signal as the client does. */
function unanswered(signal: AbortSignal): Promise<never> {
  const { promise, reject } = Promise.withResolvers<never>();
  signal.addEventListener('abort', () => reject(signal.reason));
  return promise;
}

function bounded(signal: AbortSignal, timeoutMs: number | null) {
  return { uri, effectOfErrorReply: 'none', signal, timeoutMs } as const;
}

test('a daemon that does not answer costs no more than the bound', async () => {
  const failed = boundedCall(bounded(new AbortController().signal, 500), unanswered).catch(
    toFailure,
  );
  await vi.advanceTimersByTimeAsync(499);
  const early = await Promise.race([failed, Promise.resolve('waiting')]);
  await vi.advanceTimersByTimeAsync(1);
  expect(early).toBe('waiting');
  expect(await failed).toMatchObject({ code: 'timedOut', effect: 'unknown' });
});

test('an abort ends the wait at once, and what was sent may still happen', async () => {
  const abort = new AbortController();
  const failed = boundedCall(bounded(abort.signal, null), unanswered).catch(toFailure);
  abort.abort(new Error('enough'));
  expect(await failed).toMatchObject({ code: 'aborted', effect: 'unknown' });
});

test('nothing is sent once the signal is aborted', async () => {
  const send = vi.fn(unanswered);
  const failure = await boundedCall(bounded(AbortSignal.abort(), null), send).catch(toFailure);
  expect(failure).toMatchObject({ code: 'aborted', effect: 'none' });
  expect(send).not.toHaveBeenCalled();
});

test('a call that answers leaves no timer behind', async () => {
  const call = boundedCall(bounded(new AbortController().signal, 500), () => Promise.resolve(7));
  expect(await call).toBe(7);
  expect(vi.getTimerCount()).toBe(0);
});
