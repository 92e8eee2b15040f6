import type { AnyStateNode, AnyTransitionDefinition } from 'xstate';

import { usualFailures } from './alphabet.ts';
import type { Part } from './scene.ts';
import { around, guardName, stateName, statesWithin, transitionsOf } from './state-nodes.ts';

/** Something that a path shall reach, by a name that is the same in every run. */
export type Target = { readonly chart: string; readonly name: string } & (
  | { readonly kind: 'state'; readonly state: AnyStateNode }
  | { readonly kind: 'transition'; readonly transition: AnyTransitionDefinition }
  /** A call fails so while that state is the innermost one. */
  | {
      readonly kind: 'failure';
      readonly state: AnyStateNode;
      readonly invokeId: string;
      /** A name of the alphabet, or `late`. */
      readonly failure: string;
    }
);

/** What a machine has to be covered, and where what happens is found in it. */
export class Targets {
  readonly all: Target[] = [];
  readonly #states = new Map<AnyStateNode, Target>();
  readonly #transitions = new Map<AnyTransitionDefinition, Target>();
  readonly #failures = new Map<AnyStateNode, Map<string, Target>>();

  add(chart: string, part: Part): void {
    const states = statesWithin(part.stepper.root);
    for (const state of states) {
      const target: Target = { kind: 'state', chart, name: stateName(state), state };
      this.#states.set(state, target);
      this.all.push(target);
    }
    const named = new Map<string, number>();
    for (const transition of states.flatMap(transitionsOf)) {
      const name = distinct(transitionName(transition), named);
      const target: Target = { kind: 'transition', chart, name, transition };
      this.#transitions.set(transition, target);
      this.all.push(target);
    }
    for (const target of failuresOf(chart, states, part)) {
      const key = `${target.invokeId} ${target.failure}`;
      const ofState = this.#failures.get(target.state) ?? new Map<string, Target>();
      this.#failures.set(target.state, ofState.set(key, target));
      this.all.push(target);
    }
  }

  ofState(state: AnyStateNode): Target | undefined {
    return this.#states.get(state);
  }

  ofTransition(transition: AnyTransitionDefinition): Target | undefined {
    return this.#transitions.get(transition);
  }

  ofFailure(state: AnyStateNode, invokeId: string, failure: string): Target | undefined {
    return this.#failures.get(state)?.get(`${invokeId} ${failure}`);
  }
}

function failuresOf(chart: string, states: readonly AnyStateNode[], part: Part) {
  return states.flatMap((state) =>
    state.invoke.flatMap(({ id, src }) => {
      const alphabet = typeof src === 'string' ? part.letters.actors[src] : undefined;
      if (alphabet === undefined || 'child' in alphabet) return [];
      const failures = Object.keys(alphabet.fails ?? usualFailures);
      return statesWithin(state)
        .filter(isResting)
        .flatMap((leaf) => {
          const isLate = 'done' in alphabet && canBeLeft(state, leaf, id);
          return [...failures, ...(isLate ? ['late'] : [])].map((failure) => ({
            kind: 'failure' as const,
            chart,
            name: `${stateName(leaf)} × ${id}: ${failure}`,
            state: leaf,
            invokeId: id,
            failure,
          }));
        });
    }),
  );
}

/** Whether a machine may stay in it: an innermost state that is not left at once. */
function isResting({ always, type }: AnyStateNode): boolean {
  if (type !== 'atomic' && type !== 'final') return false;
  return (always ?? []).every(({ guard }) => guard !== undefined);
}

/** Whether the chart has a way out of `state` that does not wait for the answer to its call. */
function canBeLeft(state: AnyStateNode, leaf: AnyStateNode, invokeId: string): boolean {
  const answers = [`xstate.done.actor.${invokeId}`, `xstate.error.actor.${invokeId}`];
  return around(leaf)
    .flatMap(transitionsOf)
    .some(({ eventType, reenter, source, target }) => {
      if (target === undefined || answers.includes(eventType)) return false;
      const leaves = target.some((to) => !around(to).includes(state) || to === state);
      return leaves || (reenter && around(state).includes(source));
    });
}

function transitionName({ eventType, guard, source, target }: AnyTransitionDefinition): string {
  const event = eventType === '' ? 'always' : eventType.replaceAll(`.${source.id}`, '');
  const to = (target ?? []).map(stateName).join(', ');
  const guarded = guard === undefined ? '' : ` [${guardName(guard)}]`;
  return `${stateName(source)}: ${event.replace(/^xstate\./, '')}${guarded} > ${to || 'stays'}`;
}

/** A second one of the same name gets a number. */
function distinct(name: string, named: Map<string, number>): string {
  const count = (named.get(name) ?? 0) + 1;
  named.set(name, count);
  return count === 1 ? name : `${name} (${count})`;
}
