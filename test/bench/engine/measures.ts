import { closeSync, fdatasyncSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';

import { Engine, noLog, systemClock } from '../../../src/index.ts';
import { openSqliteStore } from '../../../src/store/sqlite/index.ts';
import { bindNullMachine } from './null-machine.ts';

type Step = Parameters<typeof bindNullMachine>[0];

const mebibyte = 2 ** 20;

function engineOn(directory: string, step: Step) {
  const store = openSqliteStore(join(directory, 'runs.db'));
  let begun = 0;
  const engine = new Engine({
    store,
    machines: [bindNullMachine(step)],
    clock: systemClock,
    log: noLog,
    newRunId: () => `run-${(begun += 1)}`,
  });
  return { engine, store };
}

/** A gate that holds back every effect until it is opened. */
function gate() {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { opened: promise, open: resolve };
}

/** Effect steps a second of so many runs at a time, each step on the disk before the next begins. */
export async function stepsPerS(directory: string, runs: number, steps: number): Promise<number> {
  const start = gate();
  const { engine, store } = engineOn(directory, () => start.opened);
  const all = await Promise.all(
    Array.from({ length: runs }, () => engine.start('nullMachine', { left: steps })),
  );
  const begunMs = performance.now();
  start.open();
  await Promise.all(all.map((run) => run.wait()));
  const elapsedS = (performance.now() - begunMs) / 1000;
  await engine.close();
  await store.close();
  return (runs * steps) / elapsedS;
}

/**
 * So many runs under way, `eventsPerS` of which hear that their effect has ended: how long it takes
 * from that to the start of the next effect, and how much memory the process takes.
 */
export async function inFlight(
  directory: string,
  { runs, eventsPerS, seconds }: { runs: number; eventsPerS: number; seconds: number },
): Promise<{ p99Ms: number; rssMiB: number }> {
  const waiting: { answer: () => void }[] = [];
  const delaysMs: number[] = [];
  let answeredAtMs = new Map<number, number>();
  const { engine, store } = engineOn(directory, ({ left }, { key }) => {
    const name = Number(key.slice(4, key.indexOf('/')));
    const sinceMs = answeredAtMs.get(name);
    if (sinceMs !== undefined) delaysMs.push(performance.now() - sinceMs);
    const { promise, resolve } = Promise.withResolvers<void>();
    const answer = (): void => {
      answeredAtMs.set(name, performance.now());
      resolve();
    };
    if (left > 0) waiting.push({ answer });
    return promise;
  });
  await Promise.all(
    Array.from({ length: runs }, () => engine.start('nullMachine', { left: 1_000_000 })),
  );
  while (waiting.length < runs) await new Promise(setImmediate);
  answeredAtMs = new Map();
  const tickMs = 1;
  const untilMs = performance.now() + seconds * 1000;
  let due = 0;
  let lastMs = performance.now();
  while (performance.now() < untilMs) {
    await new Promise((resolve) => setTimeout(resolve, tickMs));
    const nowMs = performance.now();
    due += ((nowMs - lastMs) * eventsPerS) / 1000;
    lastMs = nowMs;
    for (; due >= 1; due -= 1) waiting.shift()?.answer();
  }
  const rssMiB = process.memoryUsage.rss() / mebibyte;
  await engine.close();
  await store.close();
  delaysMs.sort((a, b) => a - b);
  const p99Ms = delaysMs[Math.floor(delaysMs.length * 0.99)];
  if (p99Ms === undefined) throw new Error('no event was followed by a command');
  return { p99Ms, rssMiB };
}

/** Leaves so many runs under way, for a process that is then killed. */
export async function leaveUnfinished(directory: string, runs: number): Promise<void> {
  const { engine } = engineOn(directory, () => new Promise<void>(() => undefined));
  await Promise.all(Array.from({ length: runs }, () => engine.start('nullMachine', { left: 2 })));
}

/** Drives one run until the process is killed; resolves when it is on record and its effect is under way. */
export async function hold(directory: string): Promise<void> {
  const started = gate();
  const { engine } = engineOn(directory, () => {
    started.open();
    return new Promise<void>(() => undefined);
  });
  await engine.start('nullMachine', { left: 2 });
  await started.opened;
  // Nothing else holds a process whose only effect waits for ever.
  setInterval(() => undefined, 60_000);
}

/** Milliseconds from posting an event to the answer of the process that drives the run; the 99th of 100. */
export async function answerP99Ms(directory: string): Promise<number> {
  const { engine, store } = engineOn(directory, () => Promise.resolve());
  const handle = await engine.find('run-1');
  if (handle === null) throw new Error('no run is held');
  const delaysMs: number[] = [];
  for (let asked = 0; asked < 100; asked += 1) {
    const begunMs = performance.now();
    const answer = await handle.send({ type: 'asked' });
    delaysMs.push(performance.now() - begunMs);
    if (!answer.accepted) throw new Error(answer.reason);
  }
  await engine.close();
  await store.close();
  return delaysMs.toSorted((a, b) => a - b)[98] ?? NaN;
}

/** Seconds from opening the store to the last of the interrupted effects being at work again. */
export async function takeOverS(directory: string, runs: number): Promise<number> {
  const begunMs = performance.now();
  const all = gate();
  let restarted = 0;
  const { engine, store } = engineOn(directory, async () => {
    restarted += 1;
    if (restarted === runs) all.open();
  });
  const recovered = await engine.recover();
  await all.opened;
  const elapsedS = (performance.now() - begunMs) / 1000;
  if (recovered.runs.length !== runs) throw new Error(`${recovered.runs.length} were taken over`);
  await Promise.all(recovered.runs.map((run) => run.wait()));
  await engine.close();
  await store.close();
  return elapsedS;
}

/** How often a second this disk says that 4 KiB are safe. */
export function syncsPerS(directory: string): number {
  const file = openSync(join(directory, 'syncs'), 'w');
  const page = Buffer.alloc(4096, 1);
  const count = 1000;
  const begunMs = performance.now();
  for (let index = 0; index < count; index += 1) {
    writeSync(file, page, 0, page.length, (index % 64) * page.length);
    fdatasyncSync(file);
  }
  const elapsedS = (performance.now() - begunMs) / 1000;
  closeSync(file);
  return count / elapsedS;
}
