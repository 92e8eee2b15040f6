import type { AnyStateMachine, AnyStateNode } from 'xstate';
import { isMachine } from './all-machines.ts';
import { edgesOf } from './edges.ts';
import type { ChartEdge } from './edges.ts';

/** A state of a machine, as drawn. */
export interface ChartNode {
  readonly id: string;
  /** From the machine down; empty for the machine itself. */
  readonly path: readonly string[];
  /** Id of the state around it; null for the machine itself. */
  readonly parent: string | null;
  readonly type: AnyStateNode['type'];
  /** Id of the state that is entered first; null where there is none. */
  readonly initial: string | null;
  readonly description: string;
  readonly tags: readonly string[];
  readonly meta: Readonly<Record<string, unknown>>;
  readonly invokes: readonly ChartInvoke[];
}

/** What runs while a state is active. */
export interface ChartInvoke {
  readonly id: string;
  readonly src: string;
  /** Id of the machine where `src` is one; null for an effect or a watch. */
  readonly machine: string | null;
}

/** A machine as nodes and edges: what diagrams are drawn from. JSON throughout. */
export interface Chart {
  readonly id: string;
  readonly version: string;
  readonly description: string;
  readonly nodes: readonly ChartNode[];
  readonly edges: readonly ChartEdge[];
}

/** A state and all inside it, in the order of the source. */
export function statesWithin(node: AnyStateNode): AnyStateNode[] {
  return [node, ...Object.values(node.states).flatMap(statesWithin)];
}

function invokesOf(node: AnyStateNode): ChartInvoke[] {
  return node.invoke.map(({ id, src }) => {
    const name = typeof src === 'string' ? src : 'inline';
    const logic: unknown = node.machine.implementations.actors[name];
    return { id, src: name, machine: isMachine(logic) ? logic.id : null };
  });
}

function nodeOf(node: AnyStateNode): ChartNode {
  const initial = node.type === 'compound' ? (node.initial.target?.[0] ?? null) : null;
  return {
    id: node.id,
    path: node.path,
    parent: node.parent?.id ?? null,
    type: node.type,
    initial: initial?.id ?? null,
    description: node.description ?? '',
    tags: node.tags,
    meta: node.meta ?? {},
    invokes: invokesOf(node),
  };
}

/** Walks a machine's states and transitions; nothing of it is run. */
export function chartOf(machine: AnyStateMachine): Chart {
  const states = statesWithin(machine.root);
  return {
    id: machine.id,
    version: machine.version ?? '',
    description: machine.root.description ?? '',
    nodes: states.map(nodeOf),
    edges: states.flatMap(edgesOf),
  };
}
