import { namesOf } from '../../engine/entered-states.ts';
import type { Ground } from './ground.ts';
import type { Move } from './moves.ts';
import { lateMove } from './moves.ts';
import type { Call, Happening, Scene } from './scene.ts';
import { begin, happen } from './scene.ts';
import type { Route } from './search.ts';
import { withoutCall } from './search.ts';
import { exceptionName } from './coverage.ts';
import type { Target } from './targets.ts';

/** One move of a path, and where it leads. */
export type PathStep = Move & {
  /** Innermost states that the machine and its children are in then. */
  readonly states: readonly string[];
};

export interface Path {
  /** For a person: the input and the moves. */
  readonly name: string;
  /** The name of the input in the alphabet. */
  readonly inputName: string;
  readonly input: unknown;
  /** Innermost states before the first move. */
  readonly states: readonly string[];
  readonly steps: readonly PathStep[];
  /** What no path before it in the list reaches. */
  readonly reaches: readonly string[];
}

/** Walks a route once more and writes down what it passes. */
export function walkRoute(ground: Ground, route: Route, reaches: readonly string[] = []) {
  const { targets } = ground;
  const passed = new Set<Target>();
  const pass = (target: Target | undefined): void => void (target && passed.add(target));
  const look = ({ passed: states, taken }: Happening): void => {
    for (const state of states) pass(targets.ofState(state));
    for (const transition of taken) pass(targets.ofTransition(transition));
  };
  const input = ground.inputs[route.input];
  let now = begin(ground.part, input);
  look(now);
  const states = statesOf(now.scene);
  const steps = route.moves.map((move, index): PathStep => {
    const before = now.scene;
    now = happen(withoutCall(before, move), move.way, move.event);
    look(now);
    for (const one of failuresOf(move, now, route.moves[index + 1]))
      for (const leaf of before.get(one.way)?.snapshot._nodes ?? [])
        pass(targets.ofFailure(leaf, one.call.id, one.as));
    return { ...move, states: statesOf(now.scene) };
  });
  const name = [route.input, ...steps.map((step) => step.name)].join(' > ');
  const path: Path = { name, inputName: route.input, input, states, steps, reaches };
  return { path, passed };
}

interface FailedCall {
  readonly way: string;
  readonly call: Call;
  readonly as: string;
}

/** The call that fails with a move, and those whose answers come too late after it. */
function failuresOf(move: Move, { abandoned, scene }: Happening, next?: Move): FailedCall[] {
  const late = abandoned
    .filter(({ call, way }) => {
      if (lateMove(scene, way, call) === null) return true;
      return next?.kind === 'late' && next.way === way && next.call.id === call.id;
    })
    .map((left) => ({ ...left, as: 'late' }));
  return move.kind === 'failed' ? [...late, move] : late;
}

/** Of the machine itself, then of its children. */
function statesOf(scene: Scene): string[] {
  return [...scene.values()].flatMap(({ snapshot }) => namesOf(snapshot));
}

/** A long path passes what shorter ones lead to: the longest first, only those that add something. */
export function fewestPaths(ground: Ground, routes: ReadonlyMap<Target, Route>): Path[] {
  const open = new Set(routes.keys());
  const longestFirst = [...routes].toSorted(
    ([, one], [, other]) => other.moves.length - one.moves.length,
  );
  const paths: Path[] = [];
  for (const [target, route] of longestFirst) {
    if (!open.has(target)) continue;
    const { path, passed } = walkRoute(ground, route);
    const added = [target, ...passed].filter((each) => open.delete(each));
    paths.push({ ...path, reaches: added.map((each) => exceptionName(each)) });
  }
  return paths;
}
