import { FailureError } from '../../ports/failure.ts';
import { toFailureError, type FailedCall } from './errors.ts';

/**
 * How long a plain call may take. libvirt itself waits 30 s for a domain's job lock and then answers
 * with an error; that definite answer is worth the wait, anything longer is a daemon that hangs.
 */
export const callTimeoutMs = 32_000;

export interface BoundedCall extends FailedCall {
  readonly signal: AbortSignal;
  /** `null`: as long as it takes, as for a migration. */
  readonly timeoutMs: number | null;
  /** Called when the bound was reached. */
  readonly onTimeout?: () => void;
}

/**
 * Runs calls that all end with the bound or the signal, whichever comes first.
 *
 * @throws FailureError only: `timedOut` and `aborted` with effect `unknown`, since a call that was
 * sent goes on in the daemon; else what {@link toFailureError} makes of the error.
 */
export async function boundedCall<T>(
  call: BoundedCall,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const { signal, timeoutMs, uri } = call;
  if (signal.aborted) throw abortedFailure(uri, 'none', signal.reason);
  const bound = new AbortController();
  const onAbort = (): void => bound.abort(abortedFailure(uri, 'unknown', signal.reason));
  signal.addEventListener('abort', onAbort, { once: true });
  const onTimeout = (): void => {
    bound.abort(timedOut(uri, timeoutMs ?? 0));
    call.onTimeout?.();
  };
  const timer = timeoutMs === null ? undefined : setTimeout(onTimeout, timeoutMs);
  try {
    return await work(bound.signal);
  } catch (error) {
    throw toFailureError(error, call);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', onAbort);
  }
}

/** Our own end of a call. */
export function abortedFailure(
  uri: string,
  effect: 'none' | 'unknown',
  cause: unknown,
): FailureError {
  return new FailureError({ code: 'aborted', message: `${uri}: aborted`, effect }, { cause });
}

function timedOut(uri: string, timeoutMs: number): FailureError {
  const message = `${uri}: no answer within ${String(timeoutMs)} ms`;
  return new FailureError({ code: 'timedOut', message, effect: 'unknown' });
}
