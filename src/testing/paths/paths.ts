import type { AnyStateMachine } from 'xstate';

import type { Alphabet } from './alphabet.ts';
import type { Coverage } from './coverage.ts';
import { checkExceptions, coverageOf, exceptionName, requireCoverage } from './coverage.ts';
import { Ground } from './ground.ts';
import type { GroundOptions } from './ground.ts';
import type { Path } from './path.ts';
import { fewestPaths, walkRoute } from './path.ts';
import { Reasons } from './reasons.ts';
import { Search } from './search.ts';

export interface PathOptions extends GroundOptions {
  /** `report`: what no path reaches is told in the coverage, and is no error. */
  readonly gaps?: 'error' | 'report';
}

export interface PathPlan {
  /** A few that reach everything together, the longest first. */
  readonly paths: readonly Path[];
  /** Of the machine, and of each child that is walked with it. */
  readonly coverage: readonly Coverage[];
  /** The shortest to a state, a transition or a failure pair, by its name; `null`: there is none. */
  readonly pathTo: (name: string) => Path | null;
  /** Events that were tried. */
  readonly stepsTried: number;
}

/**
 * The shortest path to every state, every transition and every failure of every call in every state
 * in which it may be in flight, made of the letters of the alphabet. Nothing of the machine is run.
 *
 * @throws {PathError} a slot without an alphabet, or what no path reaches, each with its reason
 */
export function findPaths<Machine extends AnyStateMachine>(
  machine: Machine,
  alphabet: Alphabet<Machine>,
  options: PathOptions = {},
): PathPlan {
  const ground = new Ground(machine, alphabet, options);
  const { bounds, inputs, keys, part, targets } = ground;
  const except = alphabet.except ?? {};
  const findings = new Search({
    bounds,
    inputs,
    keys,
    part,
    targets,
    wanted: targets.all.filter((target) => !(exceptionName(target) in except)),
  }).run();
  const { routes } = findings;
  const reasons = new Reasons(findings);
  const reached = { except, routes, targets: targets.all };
  checkExceptions(reached);
  const coverage = coverageOf({ ...reached, reasonOf: (target) => reasons.of(target) });
  if (options.gaps !== 'report') requireCoverage(coverage);
  return {
    paths: fewestPaths(ground, routes),
    coverage,
    pathTo: (name) => {
      const found = [...routes].find(([target]) => exceptionName(target) === name);
      return found === undefined ? null : walkRoute(ground, found[1], [name]).path;
    },
    stepsTried: findings.steps,
  };
}
