import type { AnyStateMachine } from 'xstate';

import type { Alphabet } from './alphabet.ts';
import { Ground } from './ground.ts';
import { movesIn } from './moves.ts';
import type { Move } from './moves.ts';
import type { Path } from './path.ts';
import { walkRoute } from './path.ts';
import type { Scene } from './scene.ts';
import { begin, happen } from './scene.ts';
import { withoutCall } from './search.ts';

export interface SimplePathBounds {
  /** Moves of one path. */
  readonly maxMoves: number;
  readonly maxPaths: number;
}

const usualBounds: SimplePathBounds = { maxMoves: 12, maxPaths: 1_000 };

/**
 * Paths that pass no moment twice, from every input to every end: to where the machine is over, or to
 * the bound. Two moments are the same where states, calls, timers and context are.
 *
 * @throws {PathError} a slot without an alphabet
 */
export function simplePaths<Machine extends AnyStateMachine>(
  machine: Machine,
  alphabet: Alphabet<Machine>,
  bounds: Partial<SimplePathBounds> = {},
): Path[] {
  const ground = new Ground(machine, alphabet, {});
  const { maxMoves, maxPaths } = { ...usualBounds, ...bounds };
  const paths: Path[] = [];
  for (const [input, value] of Object.entries(ground.inputs)) {
    const keyOf = (scene: Scene): string =>
      `${ground.keys.traits(input, scene).join()} ${ground.keys.whole(scene)}`;
    const onWay = new Set<string>();
    const moves: Move[] = [];
    const walk = (scene: Scene): void => {
      if (paths.length >= maxPaths) return;
      const key = keyOf(scene);
      onWay.add(key);
      const open = moves.length < maxMoves ? movesIn(scene) : [];
      const next = open
        .map((move) => ({ move, to: happen(withoutCall(scene, move), move.way, move.event).scene }))
        .filter(({ to }) => !onWay.has(keyOf(to)));
      if (next.length === 0) paths.push(walkRoute(ground, { input, moves: [...moves] }).path);
      for (const { move, to } of next) {
        moves.push(move);
        walk(to);
        moves.pop();
      }
      onWay.delete(key);
    };
    walk(begin(ground.part, value).scene);
  }
  return paths;
}
