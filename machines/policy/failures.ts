import type { Failure } from '../../src/ports/failure.ts';

/** Reads what an effect rejected with; a plain XState actor may hand over an `Error`. */
export function readFailure(error: unknown): Failure {
  if (isFailure(error)) return error;
  if (typeof error === 'object' && error !== null && 'failure' in error && isFailure(error.failure))
    return error.failure;
  const message = error instanceof Error ? error.message : String(error);
  return { code: 'internal', message, effect: 'unknown' };
}

function isFailure(value: unknown): value is Failure {
  return (
    typeof value === 'object' &&
    value !== null &&
    'code' in value &&
    typeof value.code === 'string' &&
    'message' in value &&
    typeof value.message === 'string' &&
    'effect' in value
  );
}

export const abortRequested: Failure = {
  code: 'abortRequested',
  message: 'the migration was aborted by request',
  effect: 'none',
};

export const timeBudgetExceeded: Failure = {
  code: 'timeBudgetExceeded',
  message: 'the migration did not converge within its time budget',
  effect: 'none',
};

export const stalled: Failure = {
  code: 'stalled',
  message: 'the migration gained no ground over several passes and was given up',
  effect: 'none',
};

export const postcopyBroke: Failure = {
  code: 'postcopyBroken',
  message: 'the stream of post-copy broke',
  effect: 'unknown',
};

export const linkLost: Failure = {
  code: 'connectionLost',
  message: 'a connection of the migration was lost before it began',
  effect: 'none',
};

export const sourceSilent: Failure = {
  code: 'peerUnreachable',
  message: 'the source did not say whether the domain is still shut off, so nothing was moved',
  effect: 'none',
};

export const sourceUnwatched: Failure = {
  code: 'sourceUnwatched',
  message:
    'the source could not be watched for a while: the domain may have been started and shut down meanwhile, so what was copied of its disks is not trusted; move it again',
  effect: 'none',
};

export const forcedInVain: Failure = {
  code: 'forcedInVain',
  message:
    'the guest was paused so that the migration could end, and its memory could not be sent in time',
  effect: 'none',
};

export const finishRefused: Failure = {
  code: 'finishRefused',
  message: 'the destination could not let the guest run',
  effect: 'unknown',
};

export const finishSilent: Failure = {
  code: 'finishSilent',
  message: 'the destination was told to let the guest run, and gave no answer for five minutes',
  effect: 'unknown',
};

export const wrongDestination: Failure = {
  code: 'wrongDestination',
  message:
    'the URI by which the source daemon reaches the destination leads to another host than the one that was named: give the right `destinationConnectUri`; what libvirt made on that other host, such as volumes of copied disks, is still there',
  effect: 'none',
};
