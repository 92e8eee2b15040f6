import type { AnyStateNode, AnyTransitionDefinition } from 'xstate';

import { movesIn } from './moves.ts';
import type { Findings } from './search.ts';
import type { Scene } from './scene.ts';
import type { Target } from './targets.ts';
import { guardName, stateName, statesWithin, transitionsOf } from './state-nodes.ts';

/** Tells why a search has not found something, from what it has tried. */
export class Reasons {
  readonly #findings: Findings;
  readonly #reached: Set<AnyStateNode>;
  readonly #isTaken: (transition: AnyTransitionDefinition) => boolean;

  constructor(findings: Findings) {
    this.#findings = findings;
    const targets = [...findings.routes.keys()];
    this.#reached = new Set(targets.flatMap((one) => (one.kind === 'state' ? [one.state] : [])));
    const taken = new Set(
      targets.flatMap((one) => (one.kind === 'transition' ? [one.transition] : [])),
    );
    this.#isTaken = (transition) => taken.has(transition);
  }

  of(target: Target): string {
    const reason = this.#why(target);
    return this.#findings.isCut ? `${reason}; the search ended at its bounds` : reason;
  }

  #why(target: Target): string {
    if (target.kind === 'state') return this.#whyState(target.state);
    if (target.kind === 'transition') return this.#whyTransition(target.transition);
    const { failure, invokeId, state } = target;
    if (!this.#reached.has(state)) return `no path reaches the state ${stateName(state)}`;
    if (failure === 'late')
      return `nothing ends ${stateName(state)} before ${invokeId} has answered`;
    return `${invokeId} is never in flight in ${stateName(state)}`;
  }

  #whyState(state: AnyStateNode): string {
    const incoming = statesWithin(state.machine.root)
      .flatMap(transitionsOf)
      .filter(({ target }) => target?.includes(state) === true);
    if (incoming.length === 0) return 'no transition leads there';
    const untaken = incoming.filter((transition) => !this.#isTaken(transition));
    return untaken.map((transition) => this.#whyTransition(transition)).join(', ');
  }

  #whyTransition(transition: AnyTransitionDefinition): string {
    const { eventType, guard, source } = transition;
    if (!this.#reached.has(source)) return `no path reaches the state ${stateName(source)}`;
    const said = guard === undefined ? null : `the guard ${guardName(guard)}`;
    if (eventType === '') return `${said ?? 'a branch before it'} never lets it be taken`;
    const there = this.#findings.scenes.filter((scene) => isIn(scene, source));
    if (there.length === 0) return `${stateName(source)} is left at once, always`;
    if (eventType.startsWith('xstate.done.state.'))
      return 'not all of its states come to their end';
    const told = there.filter((scene) =>
      movesIn(scene).some(({ event }) => event.type === eventType),
    );
    if (told.length === 0) return `no letter of the alphabet is ${eventType}`;
    return `${said ?? 'another transition'} stands against it (${told.length} times told)`;
  }
}

function isIn(scene: Scene, state: AnyStateNode): boolean {
  for (const { snapshot } of scene.values()) if (snapshot._nodes.includes(state)) return true;
  return false;
}
