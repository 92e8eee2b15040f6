import type { Finding, SimulationPlan } from '../../../src/testing/simulation/index.ts';
import { shrinkPlan, simulate } from '../../../src/testing/simulation/index.ts';
import { bindAll } from '../bind-all.ts';
import { randomPlan } from '../random-plan.ts';
import type { Mutant } from './mutant.ts';

export interface Caught {
  readonly name: string;
  /** `null`: no seed shows it. */
  readonly seed: number | null;
  readonly finding: Finding | null;
  /** With that few faults it shows, of so many. */
  readonly faults: { readonly needed: number; readonly given: number };
}

/** The first seed that shows the bug, and that is clean without it. */
export async function catchMutant(
  mutant: Mutant,
  { firstSeed, seeds }: { readonly firstSeed: number; readonly seeds: number },
): Promise<Caught> {
  const { bind, machine, name } = mutant;
  const runWrong = (plan: SimulationPlan) => simulate(plan, { bind });
  for (let seed = firstSeed; seed < firstSeed + seeds; seed += 1) {
    const plan = randomPlan(seed, { machine, faultChance: 0.8 });
    const { findings } = await runWrong(plan);
    const [finding] = findings;
    if (finding === undefined) continue;
    if ((await simulate(plan, { bind: bindAll })).findings.length > 0) continue;
    const shrunk = await shrinkPlan(plan, finding.rule, runWrong);
    const faults = { needed: shrunk.faults.length, given: plan.faults.length };
    return { name, seed, finding, faults };
  }
  return { name, seed: null, finding: null, faults: { needed: 0, given: 0 } };
}
