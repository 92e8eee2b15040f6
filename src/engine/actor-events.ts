import type { EventObject } from 'xstate';

import type { Failure } from '../ports/failure.ts';

/** What XState itself would send when an invoked actor has ended. */
export function doneEvent(invokeId: string, output: unknown): EventObject {
  return Object.assign({ type: `xstate.done.actor.${invokeId}` }, { output, actorId: invokeId });
}

export function failedEvent(invokeId: string, error: Failure): EventObject {
  return Object.assign({ type: `xstate.error.actor.${invokeId}` }, { error, actorId: invokeId });
}
