import { describe, expect, test } from 'vitest';

import type { SimulationEnd, SimulationPlan } from '../../src/testing/simulation/index.ts';
import { shrinkPlan, simulate } from '../../src/testing/simulation/index.ts';
import { bindAll } from '../simulate/bind-all.ts';
import { catchMutant } from '../simulate/mutants/catch-mutants.ts';
import { allMutants } from '../simulate/mutants/all-mutants.ts';
import { randomPlan } from '../simulate/random-plan.ts';
import { applyScript, scriptOf } from '../simulate/script-file.ts';
import { kinds } from '../simulate/workflow-kinds.ts';

const any = { machine: null, faultChance: 0.8 };
const run = (plan: SimulationPlan): Promise<SimulationEnd> => simulate(plan, { bind: bindAll });

describe('a simulation', () => {
  test.each([3, 8, 11])('of seed %i is the same twice, bit for bit', async (seed) => {
    const keepsLines = true;
    const first = await simulate(randomPlan(seed, any), { bind: bindAll, keepsLines });
    const second = await simulate(randomPlan(seed, any), { bind: bindAll, keepsLines });
    expect(second.lines).toEqual(first.lines);
    expect(second.digest).toBe(first.digest);
    expect(first.lines.length).toBeGreaterThan(20);
  });

  test('of another seed is another one', async () => {
    expect((await run(randomPlan(1, any))).digest).not.toBe((await run(randomPlan(2, any))).digest);
  });

  test.each(kinds)('of %s breaks no invariant, with faults and without', async (machine) => {
    for (let seed = 1; seed <= 10; seed += 1) {
      const end = await run(randomPlan(seed, { machine, faultChance: seed % 2 }));
      expect({ seed, findings: end.findings }).toEqual({ seed, findings: [] });
      expect(end.steps).toBeGreaterThan(0);
    }
  });

  test('without faults comes to what was asked, or is refused', async () => {
    const plan = { ...randomPlan(4, { machine: 'snapshotDelete', faultChance: 0 }) };
    const end = await run(plan);
    expect(end.struck).toEqual([]);
    expect(end.runs.map(({ outcome }) => outcome)).toContain('completed');
  });
});

describe('a fault that is aimed at no state', () => {
  test.each([
    ['a machine', { machine: 'diskSwap', state: 'copying' }, 'there is no machine diskSwap'],
    ['a state', { machine: 'managedSave', state: 'dancing' }, 'managedSave has no state dancing'],
  ])('is an error that names %s', async (_, at, words) => {
    const plan = randomPlan(1, { machine: 'managedSave', faultChance: 0 });
    const faults = [{ at, do: 'cutLink' }] as const;
    await expect(run({ ...plan, faults })).rejects.toThrow(words);
  });
});

describe('a failure', () => {
  const hasty = allMutants.find(({ name }) => name === 'a failed Finish is confirmed');
  if (hasty === undefined) throw new Error('there is no such mutant');
  const runWrong = (plan: SimulationPlan): Promise<SimulationEnd> =>
    simulate(plan, { bind: hasty.bind });

  test('is caught, and shrunk to the fault that it takes', async () => {
    const caught = await catchMutant(hasty, { firstSeed: 1, seeds: 200 });
    expect(caught.finding?.rule).toBe('definitionKept');
    const plan = randomPlan(caught.seed ?? 0, { machine: hasty.machine, faultChance: 0.8 });
    const shrunk = await shrinkPlan(plan, 'definitionKept', runWrong);
    expect(shrunk.workflows).toHaveLength(1);
    expect(shrunk.faults).toHaveLength(1);
    const again = applyScript(plan, JSON.stringify(scriptOf(plan, shrunk)));
    expect((await runWrong(again)).findings.map(({ rule }) => rule)).toContain('definitionKept');
    expect((await run(again)).findings).toEqual([]);
  });
});
