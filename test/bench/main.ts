import { parseArgs } from 'node:util';
import { z } from 'zod';
import type { Lab } from '../../lab/index.ts';
import { labAvailability, labDown, LabError, labUp } from '../../lab/index.ts';
import type { Bench, BenchTools } from './bench.ts';
import { cliStart } from './cli-start.ts';
import { clientParallel } from './client-parallel.ts';
import { clientSequential } from './client-sequential.ts';
import { coldSnapshots } from './cold-snapshots.ts';
import { engine } from './engine/engine.ts';
import { inspector } from './inspector.ts';
import { liveSnapshots } from './live-snapshots.ts';
import { migrations } from './migrations.ts';
import { overlaySnapshots } from './overlay-snapshots.ts';
import { table } from './row.ts';
import { serviceStarts } from './service-starts.ts';
import type { BenchRow } from './row.ts';
import { swapCpu } from './swap-cpu.ts';
import { swapLatency } from './swap-latency.ts';
import { volumeCopy } from './volume-copy.ts';
import { volumeSwaps } from './volume-swaps.ts';

const benches: readonly Bench[] = [
  clientSequential,
  clientParallel,
  ...migrations,
  volumeCopy,
  liveSnapshots,
  coldSnapshots,
  overlaySnapshots,
  ...volumeSwaps,
  swapLatency,
  swapCpu,
  engine,
  serviceStarts,
  inspector,
  cliStart,
];
const names = benches.map(({ name }) => name).join(', ');
const usage = `npm run bench -- [NAME...] [--pairs N] [--json], NAME one of ${names}; with --pairs a try of at most N pairs each, whose figures prove nothing`;
const optionsSchema = z.object({
  json: z.boolean(),
  pairs: z.coerce.number().int().positive().optional(),
});
const labName = `bench-${process.pid}`;

async function bringUp(): Promise<Lab> {
  const availability = await labAvailability();
  if (!availability.ok) throw new LabError(availability.reason);
  return labUp({ name: labName });
}

/** Runs benches one after the other and gives their rows; `report` gets them as they come. */
async function runAll(
  chosen: readonly Bench[],
  pairsMost: number,
  report: (row: BenchRow) => void,
): Promise<boolean> {
  let lab: Promise<Lab> | null = null;
  let isWhole = true;
  const tools: BenchTools = {
    lab: () => (lab ??= bringUp()),
    pairs: (needed) => Math.min(needed, pairsMost),
  };
  for (const bench of chosen) {
    try {
      const rows = await bench.run(tools);
      rows.forEach(report);
    } catch (error) {
      isWhole = false;
      process.stderr.write(
        `${bench.name}: ${error instanceof Error ? error.message : String(error)}\n`,
      );
    }
  }
  return isWhole;
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { json: { type: 'boolean', default: false }, pairs: { type: 'string' } },
  });
  const options = optionsSchema.safeParse(values);
  if (!options.success) {
    process.stderr.write(`--pairs takes a number of at least 1; ${usage}\n`);
    return 2;
  }
  const { json, pairs = Infinity } = options.data;
  const unknown = positionals.filter((name) => !benches.some((bench) => bench.name === name));
  if (unknown.length > 0) {
    process.stderr.write(`unknown bench ${unknown.join(', ')}; ${usage}\n`);
    return 2;
  }
  const isChosen = ({ name }: Bench): boolean =>
    positionals.length === 0 || positionals.includes(name);
  const rows: BenchRow[] = [];
  try {
    const isWhole = await runAll(benches.filter(isChosen), pairs, (row) => {
      rows.push(row);
      if (json) process.stdout.write(`${JSON.stringify(row)}\n`);
    });
    if (!json) process.stdout.write(`${table(rows)}\n`);
    return isWhole ? 0 : 1;
  } finally {
    await labDown(labName);
  }
}

// The lab must not outlive an interrupted run.
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => void labDown(labName).finally(() => process.exit(130)));
}
process.exitCode = await main();
