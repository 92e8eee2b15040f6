import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Browser, Page } from 'playwright-core';
import { chromium } from 'playwright-core';

import { liveMigrationInput } from '../../machines/index.ts';
import { compose, openStore } from '../../src/cli/compose.ts';
import { loadInspector } from '../../src/cli/serving/load-inspector.ts';
import { createRunTeller } from '../../src/cli/serving/run-teller.ts';
import { servedWorkflows } from '../../src/cli/serving/served-workflows.ts';
import { noConfig } from '../../src/config/index.ts';
import { allMachines } from '../../src/diagrams/index.ts';
import { noLog } from '../../src/ports/log.ts';
import type { JournalRow, RunRecord, RunStore } from '../../src/ports/run-store.ts';
import type { Service } from '../../src/service/index.ts';
import { createReadingService, createService } from '../../src/service/index.ts';
import { MemoryStore } from '../../src/store/memory/index.ts';
import type { Bench } from './bench.ts';
import type { BenchRow } from './row.ts';
import { absolute } from './row.ts';
import { percentile } from './statistics.ts';

const storedRuns = 10_000;
const runningRuns = 1_000;
const watchedMs = 10_000;

const partsOf = async (store: RunStore) => ({
  store,
  log: noLog,
  teller: createRunTeller(store),
  inspector: await loadInspector(),
  tokens: [],
  tls: null,
  requestsPerMinute: 1_000_000,
  bodyBytes: 65_536,
  version: '0.0.0',
});

const reading = async (store: RunStore): Promise<Service> =>
  createReadingService(await partsOf(store));

/** The page of a service in a browser, while `work` looks at it. */
async function withPage<Result>(
  { browser, service }: { readonly browser: Browser; readonly service: Service },
  script: string,
  work: (page: Page, url: string) => Promise<Result>,
): Promise<Result> {
  const url = await service.app.listen({ host: '127.0.0.1', port: 0 });
  const context = await browser.newContext();
  try {
    const page = await context.newPage();
    await page.addInitScript(script);
    return await work(page, url);
  } finally {
    await context.close();
    await service.stop();
  }
}

const machine = 'liveMigration';

function recordOf(id: string, startedAtEpochMs: number, isOver: boolean): RunRecord {
  const ending = isOver
    ? { finishedAtEpochMs: startedAtEpochMs + 1_000, outcome: 'completed' }
    : { finishedAtEpochMs: null, outcome: null };
  const subject = `domain-${id}`;
  const snapshot = { status: 'active', value: 'gathering', context: {}, children: {} };
  const of = { rootId: id, machine, version: '3', parent: null, subject, entries: {} };
  return { id, ...of, snapshot, startedAtEpochMs, ...ending };
}

function rowOf(runId: string, atEpochMs: number, to: string): JournalRow {
  const event = { type: 'bench' };
  return { runId, atEpochMs, event, from: [], to: [to], effectKey: null };
}

const nothingElse = { timers: [], artefacts: [], progress: [], answers: [], secrets: [] };

async function fill(store: RunStore, count: number, isOver: boolean): Promise<void> {
  const begunMs = Date.now() - count * 1_000;
  for (let from = 0; from < count; from += 500) {
    const numbers = Array.from({ length: 500 }, (_, at) => from + at);
    const runs = numbers.map((number) => recordOf(`run-${number}`, begunMs + number, isOver));
    const journal = runs.map(({ id, startedAtEpochMs }) =>
      rowOf(id, startedAtEpochMs, 'gathering'),
    );
    await store.commit({ runs, journal, ...nothingElse });
  }
}

/** When the first row of the list stood there, since the page was asked for. */
const noteFirstRow = `new MutationObserver(() => {
  if (window.seenAtMs === undefined && document.querySelector('tr[data-run]') !== null)
    window.seenAtMs = performance.now();
}).observe(document, { childList: true, subtree: true });`;

async function untilInteractive(browser: Browser, count: number): Promise<BenchRow> {
  const directory = await mkdtemp(join(tmpdir(), 'virtstate-bench-'));
  const store = await openStore(join(directory, 'runs.db'));
  try {
    await fill(store, storedRuns, true);
    const spentMs: number[] = [];
    for (let attempt = 0; attempt < count; attempt += 1)
      spentMs.push(
        await withPage(
          { browser, service: await reading(store) },
          noteFirstRow,
          async (page, url) => {
            await page.goto(url);
            await page.locator('tr[data-run]').first().waitFor();
            return page.evaluate<number>('window.seenAtMs');
          },
        ),
      );
    const metric = `page interactive, ${storedRuns} runs stored`;
    return absolute({ bench: 'inspector', metric, unit: 'ms', goal: '<= 1000' }, spentMs);
  } finally {
    await store.close();
    await rm(directory, { recursive: true });
  }
}

/** While every run makes a step a second. */
async function untilBusy(browser: Browser): Promise<BenchRow> {
  const store = new MemoryStore();
  await fill(store, runningRuns, false);
  const stop = new AbortController();
  const working = stepEach(store, stop.signal);
  const share = await withPage(
    { browser, service: await reading(store) },
    '',
    async (page, url) => {
      await page.goto(url);
      await page.locator('tr[data-run]').first().waitFor();
      const session = await page.context().newCDPSession(page);
      // Time of the thread: what others keep from it is not its own.
      await session.send('Performance.enable', { timeDomain: 'threadTicks' });
      const busyS = async (): Promise<number> => {
        const { metrics } = await session.send('Performance.getMetrics');
        return metrics.find(({ name }) => name === 'TaskDuration')?.value ?? 0;
      };
      const before = await busyS();
      const begunMs = performance.now();
      await pause(watchedMs);
      return ((await busyS()) - before) / ((performance.now() - begunMs) / 1_000);
    },
  );
  stop.abort();
  await working;
  await store.close();
  const metric = `main thread busy, ${runningRuns} runs running`;
  return absolute({ bench: 'inspector', metric, unit: '%', goal: '<= 30' }, [share * 100]);
}

async function stepEach(store: RunStore, signal: AbortSignal): Promise<void> {
  for (let step = 0; !signal.aborted; step += 1) {
    const journal = Array.from({ length: runningRuns / 10 }, (_, at) =>
      rowOf(`run-${at * 10 + (step % 10)}`, Date.now(), `state${step}`),
    );
    await store.commit({ runs: [], journal, ...nothingElse });
    await pause(100);
  }
}

/** When each state was lit first, by its id. */
const noteLights = `window.litAtMs = {};
new MutationObserver((changes) => {
  for (const { target } of changes)
    if (target.classList.contains('lit')) window.litAtMs[target.dataset.state] ??= Date.now();
}).observe(document, { attributes: true, attributeFilter: ['class'], subtree: true });`;

/** From what the daemon told to the light on the chart. */
async function untilLit(browser: Browser): Promise<number[]> {
  const store = new MemoryStore();
  const composition = compose({ log: noLog, store });
  const [source, destination] = ['simulated:///hostA', 'simulated:///hostB'];
  const enteredAtMs = new Map<string, number>();
  composition.engine.on('state.entered', ({ atEpochMs, machine: name, state }) => {
    let node = [...allMachines().values()].find(({ id }) => id === name)?.root;
    for (const part of state.split('.')) node = node?.states[part];
    if (node !== undefined) enteredAtMs.set(node.id, atEpochMs);
  });
  try {
    const { clock, engine } = composition;
    const workflows = servedWorkflows(composition, noConfig);
    const service = await createService({ ...(await partsOf(store)), clock, engine, workflows });
    return await withPage({ browser, service }, noteLights, async (page, url) => {
      const options = { copyStorage: 'all', destinationConnectUri: destination } as const;
      const input = liveMigrationInput({ domain: 'demo', source, destination, options });
      const run = await composition.engine.start(machine, input);
      await page.goto(`${url}/#/runs/${run.id}`);
      await run.wait();
      await page.locator('.mark', { hasText: 'completed' }).waitFor();
      const lit = await page.evaluate<Record<string, number>>('window.litAtMs');
      // What stood there before the page did has waited for the page.
      const openedAtMs = Math.min(...Object.values(lit)) + 500;
      return Object.entries(lit).flatMap(([id, atMs]) => {
        const enteredMs = enteredAtMs.get(id) ?? 0;
        return enteredMs > openedAtMs ? [atMs - enteredMs] : [];
      });
    });
  } finally {
    await composition.close();
  }
}

async function untilLitOften(browser: Browser, count: number): Promise<BenchRow> {
  const spentMs: number[] = [];
  for (let run = 0; run < count; run += 1) spentMs.push(...(await untilLit(browser)));
  const metric = { bench: 'inspector', metric: 'event to pixel, p95', unit: 'ms', goal: '<= 300' };
  return absolute(metric, spentMs, (all) => percentile(all, 95));
}

/** The page of `virtstate serve` and `virtstate inspect`, in a browser. */
export const inspector: Bench = {
  name: 'inspector',
  run: async ({ pairs }) => {
    const browser = await chromium.launch({
      executablePath: '/usr/bin/chromium',
      args: ['--no-sandbox'],
    });
    try {
      return [
        await untilInteractive(browser, pairs(10)),
        await untilLitOften(browser, pairs(5)),
        await untilBusy(browser),
      ];
    } finally {
      await browser.close();
    }
  },
};
