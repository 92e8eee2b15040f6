import type { Move } from './moves.ts';
import { lateMove, movesIn } from './moves.ts';
import { breadths, Novelty } from './novelty.ts';
import { PathError } from './path-error.ts';
import type { Happening, Part, Scene } from './scene.ts';
import { begin, happen } from './scene.ts';
import type { SceneKeys } from './scene-key.ts';
import type { Target, Targets } from './targets.ts';

export interface SearchBounds {
  /** Events that may be tried, over all rounds. */
  readonly maxSteps: number;
  /** So many contexts are followed of those with the same outline, at most. */
  readonly maxWidth: number;
  /** Moves of a path. */
  readonly maxMoves: number;
}

/** How a target is reached: the name of an input, and moves. */
export interface Route {
  readonly input: string;
  readonly moves: readonly Move[];
}

export interface Findings {
  readonly routes: ReadonlyMap<Target, Route>;
  readonly steps: number;
  readonly places: number;
  /** It ended at its bounds rather than because there was nothing else to find. */
  readonly isCut: boolean;
  /** Of the last round, to tell by what was tried why something was not found. */
  readonly scenes: readonly Scene[];
}

/** A moment, and the move that led there from an earlier one. */
interface Place {
  readonly scene: Scene;
  readonly input: string;
  readonly from: Place | null;
  readonly move: Move | null;
  readonly depth: number;
}

/**
 * Breadth first from every input, so that the first way to something is the shortest of its round.
 * Rounds grow broader as long as something is not found.
 */
export class Search {
  readonly #part: Part;
  readonly #inputs: Readonly<Record<string, unknown>>;
  readonly #targets: Targets;
  readonly #keys: SceneKeys;
  readonly #bounds: SearchBounds;
  readonly #wanted: Set<Target>;
  readonly #routes = new Map<Target, Route>();
  #steps = 0;
  #isCut = false;

  constructor(parts: {
    readonly part: Part;
    readonly inputs: Readonly<Record<string, unknown>>;
    readonly targets: Targets;
    /** The search is over when it has found these. */
    readonly wanted: Iterable<Target>;
    readonly keys: SceneKeys;
    readonly bounds: SearchBounds;
  }) {
    this.#part = parts.part;
    this.#inputs = parts.inputs;
    this.#targets = parts.targets;
    this.#keys = parts.keys;
    this.#bounds = parts.bounds;
    this.#wanted = new Set(parts.wanted);
  }

  run(): Findings {
    let places: readonly Place[] = [];
    for (const breadth of breadths(this.#bounds.maxWidth)) {
      const novelty = new Novelty(this.#keys, breadth);
      places = this.#round(novelty);
      const isOver = this.#wanted.size === 0 || this.#steps >= this.#bounds.maxSteps;
      if (isOver || !(novelty.isNarrow || this.#isCut)) break;
    }
    const scenes = places.map(({ scene }) => scene);
    const [routes, steps, isCut] = [this.#routes, this.#steps, this.#isCut];
    return { routes, steps, places: places.length, isCut, scenes };
  }

  #round(novelty: Novelty): readonly Place[] {
    const places: Place[] = [];
    this.#isCut = false;
    for (const [input, value] of Object.entries(this.#inputs)) {
      const happening = begin(this.#part, value);
      const place = { scene: happening.scene, input, from: null, move: null, depth: 0 };
      this.#note(place, [], happening);
      if (novelty.isNew(input, place.scene)) places.push(place);
    }
    // The list grows while it is walked: it is the queue.
    for (const place of places) {
      if (this.#wanted.size === 0) break;
      if (place.depth >= this.#bounds.maxMoves || this.#steps >= this.#bounds.maxSteps) {
        this.#isCut = true;
        continue;
      }
      for (const next of this.#expand(place))
        if (novelty.isNew(next.input, next.scene)) places.push(next);
    }
    return places;
  }

  #expand(place: Place): Place[] {
    return movesIn(place.scene).map((move) => {
      const happening = this.#play(place, [move]);
      const { scene } = happening;
      this.#note(place, [move], happening);
      this.#noteFailure(place, move);
      for (const { call, way } of happening.abandoned)
        this.#noteLate(place, move, scene, way, call);
      return { scene, input: place.input, from: place, move, depth: place.depth + 1 };
    });
  }

  #play(place: Place, moves: readonly [Move]): Happening {
    this.#steps += 1;
    const [move] = moves;
    const scene = withoutCall(place.scene, move);
    try {
      return happen(scene, move.way, move.event);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      const route = [...movesTo(place), move].map(({ name }) => name).join(' > ');
      throw new PathError('broken', `${message} (${place.input} > ${route})`);
    }
  }

  #note(place: Place, moves: readonly Move[], { passed, taken }: Happening): void {
    for (const state of passed) this.#found(this.#targets.ofState(state), place, moves);
    for (const transition of taken)
      this.#found(this.#targets.ofTransition(transition), place, moves);
  }

  #noteFailure(place: Place, move: Move): void {
    if (move.kind !== 'failed') return;
    const leaves = place.scene.get(move.way)?.snapshot._nodes ?? [];
    for (const leaf of leaves)
      this.#found(this.#targets.ofFailure(leaf, move.call.id, move.as), place, [move]);
  }

  /** @throws {PathError} where an answer that comes too late changes something */
  #noteLate(place: Place, move: Move, scene: Scene, ...[way, call]: LateCall): void {
    const leaves = place.scene.get(way)?.snapshot._nodes ?? [];
    const targets = leaves.flatMap((leaf) => this.#targets.ofFailure(leaf, call.id, 'late') ?? []);
    if (targets.every((target) => this.#routes.has(target))) return;
    const late = lateMove(scene, way, call);
    const moves = late === null ? [move] : [move, late];
    if (late !== null && happen(scene, way, late.event).taken.length > 0) {
      const route = [...movesTo(place), ...moves].map(({ name }) => name).join(' > ');
      throw new PathError('lateAnswer', `an answer that comes too late is heard: ${route}`);
    }
    for (const target of targets) this.#found(target, place, moves);
  }

  #found(target: Target | undefined, place: Place, moves: readonly Move[]): void {
    if (target === undefined) return;
    const known = this.#routes.get(target);
    if (known !== undefined && known.moves.length <= place.depth + moves.length) return;
    this.#routes.set(target, { input: place.input, moves: [...movesTo(place), ...moves] });
    this.#wanted.delete(target);
  }
}

type LateCall = Parameters<typeof lateMove> extends [unknown, ...infer Rest] ? Rest : never;

function movesTo(place: Place): Move[] {
  const moves: Move[] = [];
  for (let at: Place | null = place; at !== null; at = at.from)
    if (at.move !== null) moves.push(at.move);
  return moves.toReversed();
}

/** What has answered, or has fallen due, is no longer in the books. */
export function withoutCall(scene: Scene, move: Move): Scene {
  if (move.kind !== 'done' && move.kind !== 'failed' && move.kind !== 'elapsed') return scene;
  const running = scene.get(move.way);
  if (running === undefined) return scene;
  const calls = new Map(running.calls);
  const timers = new Map(running.timers);
  if (move.kind === 'elapsed') timers.delete(move.timer.id);
  else calls.delete(move.call.id);
  return new Map(scene).set(move.way, { ...running, calls, timers });
}
