import type { NonReducibleUnknown } from 'xstate';
import { fromCallback, fromPromise } from 'xstate';

type EventOf = { type: string };

/**
 * A named effect slot: one thing done in the world. The chart only knows its types; a binding
 * fills it. Left empty, it fails as loudly as a real failure would.
 */
export function effectSlot<Output, Input extends NonReducibleUnknown>(name: string) {
  return fromPromise<Output, Input>(() => Promise.reject(new Error(`slot ${name} is not bound`)));
}

/** A named watch slot: reports what happens outside, as events, until its state is left. */
export function watchSlot<Sent extends EventOf, Input extends NonReducibleUnknown>(name: string) {
  return fromCallback<EventOf, Input, Sent>(() => {
    throw new Error(`slot ${name} is not bound`);
  });
}
