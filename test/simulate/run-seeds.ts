import { createHash } from 'node:crypto';

import type { BoundMachine } from '../../src/engine/slots.ts';
import type { Hypervisors } from '../../src/ports/hypervisor.ts';
import type { SimulationEnd, SimulationPlan } from '../../src/testing/simulation/index.ts';
import { simulate } from '../../src/testing/simulation/index.ts';

export interface SeedsOptions {
  readonly seeds: Iterable<number>;
  readonly planOf: (seed: number) => SimulationPlan;
  readonly bind: (hypervisors: Hypervisors) => readonly BoundMachine[];
  /** After each; `stop` ends it. */
  readonly onEnd: (plan: SimulationPlan, end: SimulationEnd) => 'goOn' | 'stop';
}

export interface SeedsTotal {
  readonly simulations: number;
  readonly runs: number;
  /** Of runs that have done something, by machine and outcome. */
  readonly outcomes: ReadonlyMap<string, number>;
  readonly struck: number;
  readonly steps: number;
  readonly failed: number;
  /** Of all that happened in all of them. */
  readonly digest: string;
}

/** One simulation after the other. */
export async function runSeeds({ bind, onEnd, planOf, seeds }: SeedsOptions): Promise<SeedsTotal> {
  const outcomes = new Map<string, number>();
  const hash = createHash('sha256');
  const total = { simulations: 0, runs: 0, struck: 0, steps: 0, failed: 0 };
  for (const seed of seeds) {
    const plan = planOf(seed);
    const end = await simulate(plan, { bind });
    hash.update(end.digest);
    total.simulations += 1;
    total.runs += end.runs.length;
    total.steps += end.steps;
    if (end.struck.length > 0) total.struck += 1;
    if (end.findings.length > 0) total.failed += 1;
    for (const { machine, outcome } of end.runs) {
      const what = `${machine} ${outcome}`;
      outcomes.set(what, (outcomes.get(what) ?? 0) + 1);
    }
    if (onEnd(plan, end) === 'stop') break;
  }
  return { ...total, outcomes, digest: hash.digest('hex').slice(0, 16) };
}
