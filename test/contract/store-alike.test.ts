import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { array, assert, asyncProperty, constantFrom, nat, record } from 'fast-check';
import { expect, test } from 'vitest';
import type { RunStore } from '../../src/ports/run-store.ts';
import { StoreError } from '../../src/ports/run-store.ts';
import { MemoryStore, SharedMemory } from '../../src/store/memory/index.ts';
import { openSqliteStore } from '../../src/store/sqlite/index.ts';
import { batchOf, childRecord, ended, runRecord, step } from './store-batches.ts';

/** Something that one of two engines does, told by numbers so that it can be made small. */
interface Deed {
  readonly engine: 0 | 1;
  readonly kind: keyof typeof deeds;
  readonly run: number;
  readonly other: number;
}

type Do = (store: RunStore, run: string, other: string, number: number) => Promise<unknown>;

const failure = { code: 'x', message: 'x', effect: 'none' } as const;
const stream = { processedBytes: 1, totalBytes: 2, remainingBytes: 1, bytesPerS: null };

const deeds = {
  begin: (store, run) =>
    store.commit(batchOf({ runs: [runRecord(run)], journal: [step(run, ['preparing'])] })),
  child: (store, run, _other, number) =>
    store.commit(
      batchOf({
        runs: [childRecord(`${run}/c#${number}`, run)],
        journal: [step(`${run}/c#${number}`, ['copying'])],
      }),
    ),
  step: (store, run, other, number) =>
    store.commit(
      batchOf({
        runs: [runRecord(run, { entries: { number } })],
        journal: [step(run, [`s${number}`]), step(other, [`s${number}`])],
        timers: [{ runId: run, timers: [{ id: 't', dueAtEpochMs: number, event: { type: 'x' } }] }],
        artefacts: [
          { runId: other, artefacts: [{ kind: 'k', host: 'h', path: run, status: 'made' }] },
        ],
        progress: [{ rootId: other, streams: [{ stream: `d${number % 2}`, ...stream }] }],
        secrets: [{ id: `s-${run}`, rootId: run, value: `v${number}` }],
      }),
    ),
  end: (store, run, _other, number) =>
    store.commit(batchOf({ runs: [ended(run, { finishedAtEpochMs: number })] })),
  answer: (store, _run, _other, seq) =>
    store.commit(batchOf({ answers: [{ seq, answer: { accepted: true } }] })),
  acquire: (store, run, other) =>
    store.acquire(run, [{ name: `n-${other}`, capacity: 1 }, host], { wait: false }),
  queue: (store, run, other) =>
    store.acquire(run, [host, { name: `n-${other}`, capacity: 1 }], { wait: true }),
  withdraw: (store, run) => store.withdraw(run),
  takeOver: (store) => store.takeOver(),
  takeOne: (store, run) => store.takeOver([run]),
  release: (store, run, other) => store.release([run, other]),
  park: (store, run) => store.park(run, failure),
  abandon: (store, run) => store.abandon(run),
  post: (store, run) => store.post(run, { type: 'abort.requested' }),
  prune: (store, _run, _other, number) => store.prune(number),
} satisfies Record<string, Do>;

const host = { name: 'host', capacity: 2 };
const runs = ['a', 'b', 'c'];
const now = 1_000_000_000_000;

/** Engines and moments of the present differ from one store to the other. */
function comparable(value: unknown, engineIds: readonly string[]): unknown {
  const text = JSON.stringify(value, (key, part: unknown) => {
    if (key === 'id' && engineIds.includes(String(part))) return engineIds.indexOf(String(part));
    return typeof part === 'number' && part > now ? 'now' : part;
  });
  return text === undefined ? null : JSON.parse(text);
}

/** Everything that a store shows of itself. */
async function picture(stores: readonly RunStore[]): Promise<unknown> {
  const [store] = stores;
  if (store === undefined) throw new Error('one engine is needed');
  const ofRun = (id: string) =>
    Promise.all([
      store.family(id),
      store.journal(id),
      store.artefacts(id),
      store.progress(id),
      store.locks(id),
      store.reveal(`s-${id}`).catch((error: unknown) => codeOf(error)),
    ]);
  return [
    await store.list(),
    await store.list({ finished: false, limit: 2 }),
    await Promise.all(runs.map(ofRun)),
    await Promise.all(stores.map((one) => one.inbox())),
    await Promise.all([1, 2, 3].map((seq) => store.answerTo(seq))),
  ];
}

function codeOf(error: unknown): string {
  if (error instanceof StoreError) return error.code;
  throw error;
}

async function history(
  stores: readonly (RunStore & { readonly engineId: string })[],
  done: readonly Deed[],
): Promise<unknown> {
  const engineIds = stores.map(({ engineId }) => engineId);
  const told: unknown[] = [];
  for (const [index, { engine, kind, run, other }] of done.entries()) {
    const store = stores[engine];
    if (store === undefined) throw new Error('two engines are needed');
    const deed: Do = deeds[kind];
    const outcome = deed(store, String(runs[run]), String(runs[other]), index + 1).catch(codeOf);
    told.push([kind, comparable(await outcome, engineIds)]);
  }
  told.push(comparable(await picture(stores), engineIds));
  return told;
}

const deed = record<Deed>({
  engine: constantFrom(0, 1),
  kind: constantFrom(...(Object.keys(deeds) as (keyof typeof deeds)[])),
  run: nat({ max: runs.length - 1 }),
  other: nat({ max: runs.length - 1 }),
});

test('both stores tell the same of whatever two engines do', async () => {
  const property = asyncProperty(array(deed, { minLength: 5, maxLength: 40 }), async (done) => {
    const directory = mkdtempSync(join(tmpdir(), 'virtstate-store-'));
    const path = join(directory, 'runs.db');
    const files = [openSqliteStore(path), openSqliteStore(path)];
    try {
      const memory = new SharedMemory();
      const inMemory = [new MemoryStore(memory), new MemoryStore(memory)];
      expect(await history(files, done)).toEqual(await history(inMemory, done));
    } finally {
      await Promise.all(files.map((store) => store.close()));
      rmSync(directory, { recursive: true });
    }
  });
  await assert(property, { numRuns: 60, seed: 4 });
});
