import type { AnyStateMachine } from 'xstate';

/**
 * The strand of a chart that a state belongs to: the chart itself, or the region of a parallel state
 * around it. Only within a strand does one state come after another by the chart's own will.
 */
export function strandOf(machine: AnyStateMachine, state: string): string {
  let [node, strand, path] = [machine.root, machine.id, machine.id];
  for (const name of state.split('.')) {
    const child = node.states[name];
    if (child === undefined) return strand;
    path = `${path}.${name}`;
    if (node.type === 'parallel') strand = path;
    node = child;
  }
  return strand;
}
