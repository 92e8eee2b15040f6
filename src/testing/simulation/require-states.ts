import type { AnyStateMachine, AnyStateNode } from 'xstate';

import type { Fault } from '../../adapters/simulated/index.ts';
import { FaultError, placeOf } from '../../adapters/simulated/index.ts';
import type { BoundMachine } from '../../engine/slots.ts';

/** Paths of a chart's innermost states, dotted, as an engine tells them. */
export function statesOf({ root }: AnyStateMachine): string[] {
  return leavesOf(root);
}

function leavesOf(node: AnyStateNode): string[] {
  const inner = Object.values(node.states);
  return inner.length === 0 ? [node.path.join('.')] : inner.flatMap(leavesOf);
}

/** @throws FaultError that names the machine or the state that there is not */
export function requireStates(faults: readonly Fault[], machines: readonly BoundMachine[]): void {
  for (const fault of faults) {
    if (!('state' in fault.at)) continue;
    const { machine: id, state } = fault.at;
    const place = `a fault at ${placeOf(fault)}`;
    const found = machines.find(({ machine }) => machine.id === id);
    if (found === undefined) throw new FaultError(`${place}: there is no machine ${id}`);
    if (!statesOf(found.machine).includes(state))
      throw new FaultError(`${place}: ${id} has no state ${state}`);
  }
}
