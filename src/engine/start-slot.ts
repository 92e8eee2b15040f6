import type { EventObject } from 'xstate';

import type { Failure } from '../ports/failure.ts';
import { toFailure } from '../ports/failure.ts';
import type { AnySlot, Tools } from './slots.ts';

export interface SlotStart extends Tools {
  readonly slot: AnySlot;
  readonly input: unknown;
  readonly send: (event: EventObject) => void;
  /** Called once, unless the signal was aborted first. */
  readonly finish: (ending: { readonly output: unknown; readonly failure: Failure | null }) => void;
}

/** Runs an effect or a watch; whatever it throws arrives as data. */
export function startSlot(start: SlotStart): void {
  const { slot, input, finish, signal } = start;
  const end = (output: unknown, failure: Failure | null): void => {
    if (!signal.aborted) finish({ output, failure });
  };
  // Started in a microtask, so that a slot that throws at once fails like any other.
  Promise.resolve()
    .then(() => slot.run(input, start))
    .then(
      (output) => end(output, null),
      (error: unknown) => end(undefined, toFailure(error)),
    );
}
