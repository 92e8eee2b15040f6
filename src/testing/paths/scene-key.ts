import type { AnyStateMachine, MachineContext } from 'xstate';

import { statesWithin, transitionsOf } from './state-nodes.ts';
import type { Part, Running, Scene } from './scene.ts';

/**
 * What the search knows a moment by. Its `traits` are the states, calls and timers, and each guard
 * that the context alone makes true, and what the alphabet names beside them; all of them together are
 * its outline. The `whole` tells apart what has the same outline.
 */
export class SceneKeys {
  readonly #guards = new WeakMap<Part, readonly Claim[]>();
  readonly #numbers = new Map<string, number>();
  /** A context stays the same object as long as nothing is assigned. */
  readonly #claimsOf = new WeakMap<MachineContext, readonly number[]>();
  readonly #wholes = new WeakMap<MachineContext, string>();

  /** As numbers, in a fixed order. What a run was asked for decides much, and shows late. */
  traits(input: string, scene: Scene): readonly number[] {
    const traits = [this.#numberOf(`asked ${input}`)];
    for (const [way, running] of scene) {
      const { calls, part, snapshot, timers } = running;
      for (const { id, type } of snapshot._nodes)
        if (type !== 'compound') traits.push(this.#numberOf(`${way} in ${id}`));
      // A watch that is gone tells less than one that is there: that is nowhere new.
      for (const { id, src } of calls.values())
        if (!isWatch(part, src)) traits.push(this.#numberOf(`${way} call ${id}`));
      for (const id of timers.keys()) traits.push(this.#numberOf(`${way} timer ${id}`));
      traits.push(...this.#ofContext(way, running));
    }
    return traits.toSorted((one, other) => one - other);
  }

  whole(scene: Scene): string {
    return [...scene.values()]
      .map(({ snapshot: { context } }) => remembered(this.#wholes, context, () => json(context)))
      .join('|');
  }

  #ofContext(way: string, { part, snapshot: { context } }: Running): readonly number[] {
    const known = this.#guards.get(part) ?? claimsOf(part.stepper.machine);
    this.#guards.set(part, known);
    return remembered(this.#claimsOf, context, () =>
      [
        ...known.filter(({ holds }) => holds(context)).map(({ name }) => `so ${name}`),
        ...(part.letters.traits?.(context) ?? []),
      ].map((trait) => this.#numberOf(`${way} ${trait}`)),
    );
  }

  #numberOf(trait: string): number {
    const known = this.#numbers.get(trait);
    if (known !== undefined) return known;
    this.#numbers.set(trait, this.#numbers.size);
    return this.#numbers.size - 1;
  }
}

function remembered<Value>(
  memory: WeakMap<MachineContext, Value>,
  context: MachineContext,
  compute: () => Value,
): Value {
  const known = memory.get(context);
  if (known !== undefined) return known;
  const value = compute();
  memory.set(context, value);
  return value;
}

interface Claim {
  readonly name: string;
  readonly holds: (context: MachineContext) => boolean;
}

/** The guards that can be asked without an event. */
function claimsOf(machine: AnyStateMachine): Claim[] {
  const guards: Readonly<Record<string, unknown>> = machine.implementations.guards;
  const named = new Map<string, Claim>();
  for (const { guard } of statesWithin(machine.root).flatMap(transitionsOf)) {
    const { type, params } = namedGuard(guard);
    const judge = type === null ? undefined : guards[type];
    if (typeof judge !== 'function' || typeof params === 'function') continue;
    const name = `${type} ${json(params)}`;
    const holds = (context: MachineContext): boolean => {
      try {
        return judge({ context, event: { type: '' } }, params) === true;
      } catch {
        // It is asked before its time: what it needs is not there yet.
        return false;
      }
    };
    named.set(name, { name, holds });
  }
  return [...named.values()];
}

function namedGuard(guard: unknown): { readonly type: string | null; readonly params: unknown } {
  if (typeof guard === 'string') return { type: guard, params: undefined };
  if (typeof guard !== 'object' || guard === null) return { type: null, params: undefined };
  const { params, type }: { readonly params?: unknown; readonly type?: unknown } = guard;
  return { type: typeof type === 'string' ? type : null, params };
}

function isWatch({ letters }: Part, src: string): boolean {
  const alphabet = letters.actors[src];
  return alphabet !== undefined && 'sends' in alphabet;
}

function json(value: unknown): string {
  return JSON.stringify(value) ?? '';
}
