import type { EffectSlot, Tools } from '../engine/slots.ts';
import type { Hypervisors } from '../ports/hypervisor.ts';

/** An effect that is never done again: what came of it after a crash, a look or an event has to tell. */
export function doneOnce<Input, Output>(
  hypervisors: Hypervisors,
  effect: (hypervisors: Hypervisors, input: Input, tools: Tools) => Promise<Output>,
): EffectSlot<Input, Output> {
  return {
    kind: 'effect',
    recovery: 'unknown',
    run: (input, tools) => effect(hypervisors, input, tools),
  };
}
