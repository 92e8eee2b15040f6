import { parseArgs } from 'node:util';
import type { Lab } from '../../lab/index.ts';
import { labAvailability, labDown, LabError, labUp } from '../../lab/index.ts';
import type { Bench } from './bench.ts';
import { cliStart } from './cli-start.ts';
import { clientParallel } from './client-parallel.ts';
import { clientSequential } from './client-sequential.ts';
import { p2pMigration } from './p2p-migration.ts';
import { table } from './row.ts';
import type { BenchRow } from './row.ts';

const benches: readonly Bench[] = [clientSequential, clientParallel, p2pMigration, cliStart];
const usage = `npm run bench -- [NAME...] [--json], NAME one of ${benches.map(({ name }) => name).join(', ')}`;
const labName = `bench-${process.pid}`;

async function bringUp(): Promise<Lab> {
  const availability = await labAvailability();
  if (!availability.ok) throw new LabError(availability.reason);
  return labUp({ name: labName });
}

/** Runs benches one after the other and gives their rows; `report` gets them as they come. */
async function runAll(chosen: readonly Bench[], report: (row: BenchRow) => void): Promise<boolean> {
  let lab: Promise<Lab> | null = null;
  let isWhole = true;
  for (const bench of chosen) {
    try {
      const rows = await bench.run({ lab: () => (lab ??= bringUp()) });
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
    options: { json: { type: 'boolean', default: false } },
  });
  const unknown = positionals.filter((name) => !benches.some((bench) => bench.name === name));
  if (unknown.length > 0) {
    process.stderr.write(`unknown bench ${unknown.join(', ')}; ${usage}\n`);
    return 2;
  }
  const isChosen = ({ name }: Bench): boolean =>
    positionals.length === 0 || positionals.includes(name);
  const rows: BenchRow[] = [];
  try {
    const isWhole = await runAll(benches.filter(isChosen), (row) => {
      rows.push(row);
      if (values.json) process.stdout.write(`${JSON.stringify(row)}\n`);
    });
    if (!values.json) process.stdout.write(`${table(rows)}\n`);
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
