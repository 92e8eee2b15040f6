import { readFile } from 'node:fs/promises';

import type { SimulationEnd, SimulationPlan } from '../../src/testing/simulation/index.ts';
import { shrinkPlan, simulate } from '../../src/testing/simulation/index.ts';
import type { Arguments } from './arguments.ts';
import { readArguments, usage } from './arguments.ts';
import { bindAll } from './bind-all.ts';
import { allMutants } from './mutants/all-mutants.ts';
import { catchMutant } from './mutants/catch-mutants.ts';
import { randomPlan } from './random-plan.ts';
import { runSeeds } from './run-seeds.ts';
import { applyScript, scriptOf } from './script-file.ts';

// What fails by design needs no stack, and there is a lot of it.
Error.stackTraceLimit = 0;

/** Failures that are shrunk and shown; the rest is counted. */
const shownMax = 20;

try {
  const given = readArguments(process.argv.slice(2));
  process.exitCode = await main(given);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n${usage}`);
  process.exitCode = 2;
}

async function main(given: Arguments): Promise<number> {
  const { firstSeed, log, mutants, scriptPath, seeds } = given;
  if (mutants) return showMutants(given);
  const script = scriptPath === null ? null : await readFile(scriptPath, 'utf8');
  const planOf = (seed: number): SimulationPlan => {
    const plan = randomPlan(seed, given);
    return script === null ? plan : applyScript(plan, script);
  };
  if (log) return showLog(planOf(firstSeed));
  const progress = progressOf(seeds);
  const failed: SimulationPlan[] = [];
  const total = await runSeeds({
    seeds: numbersFrom(firstSeed, seeds),
    planOf,
    bind: bindAll,
    onEnd: (plan, end) => {
      progress(end);
      if (end.findings.length > 0) failed.push(plan);
      return 'goOn';
    },
  });
  for (const plan of failed.slice(0, shownMax)) await explain(plan, given);
  for (const [what, count] of [...total.outcomes].toSorted(([a], [b]) => a.localeCompare(b)))
    console.log(`${count} x ${what}`);
  const { digest, failed: failures, runs, simulations, steps, struck } = total;
  console.log(
    `${simulations} simulations with ${runs} runs, ${struck} of them struck, ${steps} steps; ${failures} failed; fingerprint ${digest}`,
  );
  return failures > 0 ? 1 : 0;
}

function* numbersFrom(first: number, count: number): Generator<number> {
  for (let number = first; number < first + count; number += 1) yield number;
}

/** A line every few seconds: how far, how fast. */
function progressOf(seeds: number): (end: SimulationEnd) => void {
  const startedMs = performance.now();
  const startedCpu = process.cpuUsage();
  let [done, runs, told] = [0, 0, startedMs];
  return (end) => {
    done += 1;
    runs += end.runs.length;
    const nowMs = performance.now();
    if (nowMs - told < 5_000 && done < seeds) return;
    told = nowMs;
    const { system, user } = process.cpuUsage(startedCpu);
    const cpuMs = (system + user) / 1_000;
    process.stderr.write(
      `${done} of ${seeds}: ${perS(runs, nowMs - startedMs)} runs/s, ${perS(runs, cpuMs)} a second of processor\n`,
    );
  };
}

function perS(count: number, durationMs: number): string {
  return ((count * 1_000) / durationMs).toFixed(0);
}

function again(plan: SimulationPlan): Promise<SimulationEnd> {
  return simulate(plan, { bind: bindAll });
}

async function showLog(plan: SimulationPlan): Promise<number> {
  const end = await simulate(plan, { bind: bindAll, keepsLines: true });
  for (const line of end.lines) console.log(line);
  for (const fault of end.struck) console.log(`struck: ${JSON.stringify(fault)}`);
  for (const { domain, found, rule } of end.findings) console.log(`${domain}: ${rule}: ${found}`);
  console.log(`fingerprint ${end.digest}`);
  return end.findings.length > 0 ? 1 : 0;
}

/** One way to go wrong after the other: bug, seed, and what was found. */
async function showMutants({ firstSeed, seeds }: Arguments): Promise<number> {
  let missed = 0;
  for (const mutant of allMutants) {
    const { faults, finding, name, seed } = await catchMutant(mutant, { firstSeed, seeds });
    if (finding === null) missed += 1;
    const how = finding === null ? 'NOT CAUGHT' : `${finding.rule}: ${finding.found}`;
    const where = seed === null ? '-' : `seed ${seed}, ${faults.needed} of ${faults.given} faults`;
    console.log(`| ${name} | ${mutant.machine} | ${where} | ${how} |`);
  }
  console.log(`${allMutants.length - missed} of ${allMutants.length} deliberate bugs are caught`);
  return missed > 0 ? 1 : 0;
}

/** The shortest way to the same. */
async function explain(plan: SimulationPlan, { machine, faultChance }: Arguments): Promise<void> {
  const { findings } = await again(plan);
  const [first] = findings;
  if (first === undefined) throw new Error(`seed ${plan.seed} failed once and not twice`);
  const shrunk = await shrinkPlan(plan, first.rule, again);
  const end = await again(shrunk);
  console.log(`seed ${plan.seed}:`);
  for (const { domain, found, rule } of end.findings) console.log(`  ${domain}: ${rule}: ${found}`);
  for (const { code, domain, machine: which, outcome } of end.runs)
    console.log(`  ${domain}: ${which} ${outcome}${code === null ? '' : ` (${code})`}`);
  const options = `${machine === null ? '' : ` --machine ${machine}`} --faults ${faultChance}`;
  console.log(`  script: ${JSON.stringify(scriptOf(plan, shrunk))}`);
  console.log(
    `  again: npm run simulate -- --seed ${plan.seed}${options} --log, with --script FILE for the script alone`,
  );
}
