import type { Failure } from '../ports/failure.ts';
import { toFailure } from '../ports/failure.ts';

export interface SlotStart {
  readonly signal: AbortSignal;
  readonly work: () => Promise<unknown>;
  /** Called once, unless the signal was aborted first. */
  readonly finish: (ending: { readonly output: unknown; readonly failure: Failure | null }) => void;
}

/** Runs an effect or a watch; whatever it throws arrives as data. */
export function startSlot({ signal, work, finish }: SlotStart): void {
  const end = (output: unknown, failure: Failure | null): void => {
    if (!signal.aborted) finish({ output, failure });
  };
  // Started in a microtask, so that a slot that throws at once fails like any other.
  Promise.resolve()
    .then(work)
    .then(
      (output) => end(output, null),
      (error: unknown) => end(undefined, toFailure(error)),
    );
}
