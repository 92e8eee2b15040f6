import { mkdtemp, rm } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

import { liveMigrationInput } from '../../machines/index.ts';
import type { Composition } from '../../src/cli/compose.ts';
import { compose, openStore } from '../../src/cli/compose.ts';
import { loadInspector } from '../../src/cli/serving/load-inspector.ts';
import { createRunTeller } from '../../src/cli/serving/run-teller.ts';
import { servedWorkflows } from '../../src/cli/serving/served-workflows.ts';
import { noConfig } from '../../src/config/index.ts';
import { noLog } from '../../src/ports/log.ts';
import { createService } from '../../src/service/index.ts';
import { alternate } from './bench.ts';
import type { Bench } from './bench.ts';
import { absolute } from './row.ts';

const startsPerS = 100;
const source = 'simulated:///hostA';
const destination = 'simulated:///hostB';
const agent = new Agent({ keepAlive: true });

/** So many starts in one second; the milliseconds that 99 of 100 took at most. */
async function p99Ms(start: () => Promise<void>): Promise<number> {
  const begunMs = performance.now();
  const timed = async (): Promise<number> => {
    const atMs = performance.now();
    await start();
    return performance.now() - atMs;
  };
  const spent: Promise<number>[] = [];
  for (let count = 0; count < startsPerS; count += 1) {
    const early = begunMs + (count * 1_000) / startsPerS - performance.now();
    if (early > 0) await pause(early);
    spent.push(timed());
  }
  const sorted = (await Promise.all(spent)).toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length * 0.99)] ?? 0;
}

function post(port: number, body: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const headers = { 'content-type': 'application/json', 'content-length': body.length };
  const asked = request({ port, path: '/v1/runs', method: 'POST', agent, headers }, (answer) => {
    answer.resume();
    if (answer.statusCode !== 201) reject(new Error(`status ${answer.statusCode}`));
    answer.on('end', resolve);
  });
  asked.on('error', reject);
  asked.end(body);
  return promise;
}

/** Resolves when the beginning is on record, as the service's answer does. */
async function startDirectly({ engine }: Composition, domain: string): Promise<void> {
  const options = { destinationConnectUri: destination };
  const input = liveMigrationInput({ domain, source, destination, options });
  const run = await engine.start('liveMigration', input);
  await new Promise<void>((resolve) => run.once('run.started', () => resolve()));
}

/** Of a domain that is not there: the run is refused as soon as it has looked. */
async function measure(directory: string, count: number): Promise<number[]> {
  const store = await openStore(join(directory, 'runs.db'));
  const config = { ...noConfig, limits: { perHost: 1_000 } };
  const composition = compose({ config, log: noLog, store });
  const service = await createService({
    engine: composition.engine,
    clock: composition.clock,
    store,
    log: noLog,
    workflows: servedWorkflows(composition, config),
    teller: createRunTeller(store),
    inspector: await loadInspector(),
    tokens: [],
    tls: null,
    requestsPerMinute: 1_000_000,
    bodyBytes: 65_536,
    version: '0.0.0',
  });
  const { port } = new URL(await service.app.listen({ host: '127.0.0.1', port: 0 }));
  let domains = 0;
  const served = (): Promise<void> => {
    const input = { domain: `nobody${(domains += 1)}`, source, destination };
    return post(Number(port), JSON.stringify({ workflow: 'live-migration', input }));
  };
  const direct = (): Promise<void> => startDirectly(composition, `nobody${(domains += 1)}`);
  try {
    const pairs = await alternate(
      { count, warmUp: 3 },
      () => p99Ms(served),
      () => p99Ms(direct),
    );
    return pairs.map(({ ours, peer }) => ours - peer);
  } finally {
    agent.destroy();
    await service.stop();
    await composition.close();
  }
}

/** What the HTTP service adds to the start of a run; its client, in the same process, included. */
export const serviceStarts: Bench = {
  name: 'service-starts',
  run: async (tools) => {
    const directory = await mkdtemp(join(tmpdir(), 'virtstate-bench-'));
    try {
      const values = await measure(directory, tools.pairs(10));
      const metric = `start over HTTP, more than direct, p99 at ${startsPerS}/s`;
      return [absolute({ bench: 'service-starts', metric, unit: 'ms', goal: '<= 5' }, values)];
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  },
};
