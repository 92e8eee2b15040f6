import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';

import type { Bench, BenchTools } from '../bench.ts';
import { absolute } from '../row.ts';
import type { BenchRow } from '../row.ts';
import type { EngineRequest } from './worker.ts';

const bench = 'engine';
const execute = promisify(execFile);
const worker = join(import.meta.dirname, 'worker.ts');
const single = z.object({ value: z.number().positive() });
const flight = z.object({ p99Ms: z.number().positive(), rssMiB: z.number().positive() });

/** Each measurement has a process and a store of its own, so that none finds another's memory. */
async function ask<Answer>(
  directory: string,
  request: EngineRequest,
  answer: z.ZodType<Answer>,
): Promise<Answer> {
  const args = ['--conditions=virtstate-source', worker, directory, JSON.stringify(request)];
  const { stdout } = await execute(process.execPath, args);
  return answer.parse(JSON.parse(stdout));
}

async function inDirectory<T>(work: (directory: string) => Promise<T>): Promise<T> {
  const directory = await mkdtemp(join(tmpdir(), 'virtstate-bench-'));
  try {
    return await work(directory);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function repeated<T>(count: number, work: (directory: string) => Promise<T>): Promise<T[]> {
  const values: T[] = [];
  for (let index = 0; index < count; index += 1) values.push(await inDirectory(work));
  return values;
}

/** As many steps for every number of runs, so that each figure rests on as much work. */
async function stepsOf(
  tools: BenchTools,
  runs: number,
  stepsInAll: number,
  goal: string | null,
): Promise<BenchRow> {
  const request = { measure: 'steps', runs, steps: Math.ceil(stepsInAll / runs) } as const;
  const values = await repeated(tools.pairs(10), async (directory) => {
    const { value } = await ask(directory, request, single);
    return value;
  });
  const metric = `durable steps, ${runs} run${runs === 1 ? '' : 's'}`;
  return absolute({ bench, metric, unit: 'steps/s', goal }, values);
}

async function takeOver(tools: BenchTools, runs: number): Promise<BenchRow> {
  const values = await repeated(tools.pairs(10), async (directory) => {
    await ask(directory, { measure: 'leave', runs }, z.object({}));
    const { value } = await ask(directory, { measure: 'takeOver', runs }, single);
    return value;
  });
  return absolute({ bench, metric: `taking over ${runs} runs`, unit: 's', goal: '<= 2' }, values);
}

async function underWay(tools: BenchTools): Promise<BenchRow[]> {
  const request = { measure: 'inFlight', runs: 10_000, eventsPerS: 2_000, seconds: 5 } as const;
  const all = await repeated(tools.pairs(10), (directory) => ask(directory, request, flight));
  const delays = { metric: '10000 under way, event to next command, p99', goal: '<= 10' };
  const memory = { metric: '10000 under way, memory (RSS)', goal: '<= 1024' };
  return [
    absolute(
      { bench, unit: 'ms', ...delays },
      all.map(({ p99Ms }) => p99Ms),
    ),
    absolute(
      { bench, unit: 'MiB', ...memory },
      all.map(({ rssMiB }) => rssMiB),
    ),
  ];
}

/** Two processes: one drives the run, the other asks it something. */
async function answers(tools: BenchTools): Promise<BenchRow> {
  const values = await repeated(tools.pairs(10), async (directory) => {
    const args = ['--conditions=virtstate-source', worker, directory, '{"measure":"hold"}'];
    const holder = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    try {
      await once(holder.stdout, 'data');
      const { value } = await ask(directory, { measure: 'answer' }, single);
      return value;
    } finally {
      holder.kill('SIGKILL');
    }
  });
  const metric = 'answer of the process that drives a run, p99';
  return absolute({ bench, metric, unit: 'ms', goal: '<= 100' }, values);
}

async function syncs(tools: BenchTools): Promise<BenchRow> {
  const values = await repeated(tools.pairs(10), async (directory) => {
    const { value } = await ask(directory, { measure: 'syncs' }, single);
    return value;
  });
  return absolute(
    { bench, metric: 'fdatasync of 4 KiB, this disk', unit: '1/s', goal: null },
    values,
  );
}

/** The driver on its SQLite store, with effects that do nothing and snapshots of 4.7 KB. */
export const engine: Bench = {
  name: bench,
  run: async (tools) => [
    await syncs(tools),
    await stepsOf(tools, 1, 2_000, '>= 1000'),
    await stepsOf(tools, 10, 20_000, null),
    await stepsOf(tools, 100, 60_000, null),
    await stepsOf(tools, 1_000, 60_000, '>= 20000'),
    await stepsOf(tools, 10_000, 100_000, null),
    ...(await underWay(tools)),
    await takeOver(tools, 10_000),
    await answers(tools),
  ],
};
