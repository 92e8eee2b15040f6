import type { Failure } from '../ports/failure.ts';

/** How a run ended: by its machine's own output, or because the machine or the store broke. */
export type RunEnding =
  | { readonly ended: 'finished'; readonly output: unknown; readonly atEpochMs: number }
  | { readonly ended: 'broken'; readonly failure: Failure; readonly atEpochMs: number };

/** The end of a run whose last step the store refused. */
export function notOnRecord({ message }: Failure): Failure {
  return {
    code: 'storeFailed',
    message: `the run's record could not be made durable: ${message}; nothing of this step was done`,
    effect: 'none',
  };
}
