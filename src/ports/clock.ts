/** Time is passed in, so that a simulated world can own it. */
export interface Clock {
  /** Milliseconds since the epoch. */
  nowEpochMs(): number;
  /** Calls `wake` once at or after `atEpochMs`; the returned function cancels it. */
  schedule(atEpochMs: number, wake: () => void): () => void;
}

/**
 * Resolves after `delayMs` of the clock's time.
 *
 * @throws the signal's reason when it is aborted first.
 */
export function delay(clock: Clock, delayMs: number, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const onAbort = (): void => {
    cancel();
    reject(signal.reason);
  };
  const cancel = clock.schedule(clock.nowEpochMs() + delayMs, () => {
    signal.removeEventListener('abort', onAbort);
    resolve();
  });
  signal.addEventListener('abort', onAbort, { once: true });
  return promise;
}
