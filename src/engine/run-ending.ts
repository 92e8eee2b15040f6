import type { Failure } from '../ports/failure.ts';

/** How a run ended: by its machine's own output, or because the machine or the store broke. */
export type RunEnding<Output = unknown> =
  | { readonly ended: 'finished'; readonly output: Output; readonly atEpochMs: number }
  /** Also where it goes on here no longer: its record stands as the message says. */
  | { readonly ended: 'broken'; readonly failure: Failure; readonly atEpochMs: number };
