import type { AnyStateMachine } from 'xstate';

import { alphabetFor } from './alphabets/all.ts';
import type { Alphabet } from './paths/alphabet.ts';
import type { Path, PathStep } from './paths/path.ts';
import { PathScript } from './paths/path-script.ts';
import type { PathOptions } from './paths/paths.ts';
import { findPaths } from './paths/paths.ts';

// Only where a test file is run: who monitors in production, or tests otherwise, needs no vitest.
const vitest = process.env['VITEST'] === undefined ? null : await import('vitest');

/**
 * What a path drives. What is left out is done by the script: it starts the machine on its own
 * engine, answers its calls as the path says, lets its timers fall due and sends what persons send.
 */
export interface PathWorld {
  /** Starts the run, for instance by a request to a service that embeds the script's engine. */
  start?(input: unknown): unknown;
  /** Makes a step happen; `false`: the script is to do it. */
  readonly play?: (step: PathStep) => boolean | Promise<boolean>;
  /** Called where the process has ended and another engine of the script goes on with the run. */
  readonly restarted?: () => unknown;
  /** Resolves when the world's own run rests in these states; left out where the script drives it. */
  readonly restsIn?: (states: readonly string[]) => Promise<void>;
  readonly close?: () => unknown;
}

/** A state on a path, and how it was reached. */
export interface StateOnPath<World> {
  /** An innermost state, as in `working.saving.writing`. */
  readonly state: string;
  /** All innermost states that are active now, those of children included. */
  readonly states: readonly string[];
  readonly path: Path;
  /** The step that led here; `null`: the beginning. */
  readonly step: PathStep | null;
  readonly world: World;
  readonly script: PathScript;
}

export interface DescribePathsOptions<
  Machine extends AnyStateMachine,
  World extends PathWorld,
> extends PathOptions {
  /** Left out for the machines of this package, which have one each. */
  readonly alphabet?: Alphabet<Machine>;
  /** Opens the world of one path; it is closed after that. */
  readonly world: (script: PathScript, path: Path) => World | Promise<World>;
  /** Called in each state of each path, as soon as the machine rests in it. */
  readonly onState: (at: StateOnPath<World>) => unknown;
  /** By default the fewest that {@link findPaths} has; those of a walk of your own otherwise. */
  readonly paths?: readonly Path[];
  /** Which of the paths are played; all of them where it is left out. */
  readonly only?: (path: Path) => boolean;
}

/**
 * For vitest, which this package leaves to its user: a test for each of the fewest paths that reach every state, transition and failure of a
 * chart. Each opens a world, drives it step by step, sees that the machine rests where the chart says,
 * and calls `onState` there.
 *
 * @throws {PathError} what {@link findPaths} throws
 * @throws where it is called outside of vitest
 */
export function describePaths<Machine extends AnyStateMachine, World extends PathWorld>(
  machine: Machine,
  options: DescribePathsOptions<Machine, World>,
): void {
  if (vitest === null) throw new Error('describePaths needs vitest, and works in its tests alone');
  const { describe, test } = vitest;
  const alphabet = options.alphabet ?? alphabetFor(machine);
  const paths = options.paths ?? findPaths(machine, alphabet, options).paths;
  const played = paths.filter(options.only ?? (() => true));
  describe(`${machine.id}, ${played.length} of ${paths.length} paths`, () => {
    test.each(played.map((path) => [path.name, path] as const))('%s', async (_, path) => {
      const script = new PathScript(machine, alphabet);
      const world = await options.world(script, path);
      try {
        await playPath({ path, script, world, onState: options.onState });
      } finally {
        await world.close?.();
        await script.close();
      }
    });
  });
}

interface Play<World> {
  readonly path: Path;
  readonly script: PathScript;
  readonly world: World;
  readonly onState: (at: StateOnPath<World>) => unknown;
}

async function playPath<World extends PathWorld>({ onState, path, script, world }: Play<World>) {
  const lookAt = async (states: readonly string[], step: PathStep | null): Promise<void> => {
    await (world.restsIn?.(states) ?? script.restsIn(states));
    for (const state of states) await onState({ state, states, path, step, world, script });
  };
  await (world.start === undefined ? script.start(path.input) : world.start(path.input));
  await lookAt(path.states, null);
  for (const step of path.steps) {
    const isDone = (await world.play?.(step)) ?? false;
    if (!isDone) await script.play(step);
    if (step.kind === 'elapsed' && step.overdue) await world.restarted?.();
    await lookAt(step.states, step);
  }
}
