import type { EffectSlot, Tools } from '../engine/slots.ts';
import type { Hypervisors } from '../ports/hypervisor.ts';

/** An effect that looks before it acts, or only looks: after a crash it is simply done again. */
export function doneAgain<Input, Output>(
  hypervisors: Hypervisors,
  effect: (hypervisors: Hypervisors, input: Input, tools: Tools) => Promise<Output>,
): EffectSlot<Input, Output> {
  return {
    kind: 'effect',
    recovery: 'rerun',
    run: (input, tools) => effect(hypervisors, input, tools),
  };
}
