import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';

import type { Failure } from '../../ports/failure.ts';
import type { StreamProgress } from '../../ports/observation.ts';
import type {
  ArtefactRecord,
  CommitBatch,
  InboxAnswer,
  JournalRow,
  LockRequest,
  LockVerdict,
  PostedEvent,
  RunFilter,
  RunStore,
  RunSummary,
  StoredEvent,
  StoredRun,
  TakenOver,
} from '../../ports/run-store.ts';
import { StoreError } from '../../ports/run-store.ts';
import { toText } from '../to-text.ts';
import { leaseLost, planCommit } from './memory-commit.ts';
import { fits, placeIn, readFamily, readRun, summarise } from './memory-views.ts';
import { parseRecord, SharedMemory } from './shared-memory.ts';

/**
 * Runs in memory: gone with the process. Records are kept as text, so that nothing in them can be
 * changed from outside and nothing that is not JSON goes unnoticed.
 */
export class MemoryStore implements RunStore {
  /** The engine that this store stands for. */
  readonly engineId = randomUUID();
  readonly #memory: SharedMemory;
  readonly #silence: (() => void)[] = [];
  #state: 'idle' | 'driving' | 'closed' = 'idle';

  /** Several stores on one memory are to each other what several processes on one file are. */
  constructor(memory: SharedMemory = new SharedMemory()) {
    this.#memory = memory;
  }

  /** As if its process had been killed: what it drove is left to be taken over. */
  die(): void {
    const engine = this.#memory.engines.get(this.engineId);
    if (engine !== undefined) engine.diedAtEpochMs = Date.now();
    this.#state = 'closed';
    this.#hush();
  }

  async commit(batch: CommitBatch): Promise<void> {
    this.#drive();
    const changes = planCommit(this.#memory, this.engineId, batch);
    for (const change of changes) change();
    this.#changed();
  }

  async acquire(
    rootId: string,
    locks: readonly LockRequest[],
    { wait }: { readonly wait: boolean },
  ): Promise<LockVerdict> {
    this.#drive();
    this.#memory.buryDead();
    const verdict = this.#memory.tryLocks(rootId, this.engineId, locks);
    const waits = !verdict.granted && wait && !this.#memory.tickets.has(rootId);
    if (waits) this.#memory.tickets.set(rootId, { engineId: this.engineId, locks: [...locks] });
    if (waits || verdict.granted) this.#changed();
    return verdict;
  }

  async withdraw(rootId: string): Promise<void> {
    this.#open();
    this.#memory.tickets.delete(rootId);
    if (!this.#memory.families.has(rootId)) this.#memory.unlock(rootId);
    this.#changed();
  }

  async takeOver(only?: readonly string[]): Promise<readonly TakenOver[]> {
    this.#drive();
    this.#memory.buryDead();
    const taken: TakenOver[] = [];
    for (const [rootId, family] of this.#memory.families) {
      if (family.engineId !== null || family.runs.get(rootId)?.finishedAtEpochMs !== null) continue;
      if (only?.includes(rootId) === false) continue;
      family.engineId = this.engineId;
      family.parked = null;
      const runs = readFamily(family).filter((run) => run.record.finishedAtEpochMs === null);
      taken.push({ rootId, runs });
    }
    this.#changed();
    return taken;
  }

  async release(rootIds: readonly string[]): Promise<void> {
    this.#open();
    for (const rootId of rootIds) {
      const family = this.#memory.families.get(rootId);
      if (family?.engineId === this.engineId) family.engineId = null;
    }
    this.#changed();
  }

  async park(rootId: string, failure: Failure): Promise<void> {
    this.#open();
    const family = this.#memory.families.get(rootId);
    if (family?.engineId !== this.engineId) throw leaseLost(rootId);
    family.parked = toText({ failure, atEpochMs: Date.now() }, 'the failure');
    family.engineId = null;
    this.#changed();
  }

  async abandon(rootId: string): Promise<'abandoned' | 'notParked'> {
    this.#open();
    const family = this.#memory.families.get(rootId);
    if (family === undefined) throw noRun(rootId);
    const isFinished = family.runs.get(rootId)?.finishedAtEpochMs !== null;
    if (family.parked === null || isFinished) return 'notParked';
    const finishedAtEpochMs = Date.now();
    for (const kept of family.runs.values()) {
      if (kept.finishedAtEpochMs !== null) continue;
      const ended = { ...parseRecord(kept.record), finishedAtEpochMs, outcome: 'needsOperator' };
      Object.assign(kept, { record: JSON.stringify(ended), finishedAtEpochMs, timers: '[]' });
    }
    this.#memory.conclude(rootId);
    this.#changed();
    return 'abandoned';
  }

  async load(runId: string): Promise<StoredRun | null> {
    this.#open();
    const rootId = this.#memory.rootIds.get(runId);
    const family = rootId === undefined ? undefined : this.#memory.families.get(rootId);
    const kept = family?.runs.get(runId);
    return kept === undefined ? null : readRun(kept);
  }

  async family(rootId: string): Promise<readonly StoredRun[]> {
    this.#open();
    const family = this.#memory.families.get(rootId);
    return family === undefined ? [] : readFamily(family);
  }

  async list(filter: RunFilter = {}): Promise<readonly RunSummary[]> {
    this.#open();
    const ids = [...this.#memory.families.keys()];
    const older = filter.before === undefined ? ids : ids.slice(0, placeIn(ids, filter.before));
    const summaries = older
      .toReversed()
      .flatMap((rootId) => summarise(this.#memory, rootId) ?? [])
      .filter((run) => fits(run, filter));
    return summaries.slice(0, filter.limit);
  }

  async summary(rootId: string): Promise<RunSummary | null> {
    this.#open();
    return summarise(this.#memory, rootId);
  }

  async journal(rootId: string, after = 0): Promise<readonly JournalRow[] | null> {
    this.#open();
    const family = this.#memory.families.get(rootId);
    if (family === undefined) return null;
    return family.journal.slice(after).map((text): JournalRow => JSON.parse(text));
  }

  async artefacts(rootId: string): Promise<readonly ArtefactRecord[]> {
    this.#open();
    const runs = [...(this.#memory.families.get(rootId)?.runs.values() ?? [])];
    return runs.flatMap((run): ArtefactRecord[] => JSON.parse(run.artefacts));
  }

  async progress(rootId: string): Promise<readonly StreamProgress[]> {
    this.#open();
    const streams = [...(this.#memory.families.get(rootId)?.progress.values() ?? [])];
    return streams.map((text): StreamProgress => JSON.parse(text));
  }

  async locks(rootId: string): Promise<readonly string[]> {
    this.#open();
    const names = [...this.#memory.locks].filter(([, holders]) => holders.has(rootId));
    return names.map(([name]) => name).toSorted();
  }

  async reveal(secretId: string): Promise<string> {
    this.#open();
    const secret = this.#memory.secrets.get(secretId);
    if (secret === undefined) throw new StoreError('noSecret', `no secret ${secretId} is kept`);
    return secret.value;
  }

  async post(rootId: string, event: StoredEvent): Promise<number> {
    this.#open();
    const root = this.#memory.families.get(rootId)?.runs.get(rootId);
    if (root === undefined) throw noRun(rootId);
    if (root.finishedAtEpochMs !== null) {
      throw new StoreError('runFinished', `run ${rootId} has ended: it takes no more events`);
    }
    const text = toText(event, 'the event');
    const seq = this.#memory.nextSeq();
    this.#memory.inbox.set(seq, { rootId, event: text, answer: null });
    this.#changed();
    return seq;
  }

  async answerTo(seq: number): Promise<InboxAnswer | null> {
    this.#open();
    const text = this.#memory.inbox.get(seq)?.answer ?? null;
    return text === null ? null : JSON.parse(text);
  }

  async inbox(): Promise<readonly PostedEvent[]> {
    this.#open();
    return [...this.#memory.inbox].flatMap(([seq, { rootId, event, answer }]) => {
      const isMine = this.#memory.families.get(rootId)?.engineId === this.engineId;
      return isMine && answer === null ? [{ seq, rootId, event: JSON.parse(event) }] : [];
    });
  }

  async prune(finishedBeforeEpochMs: number): Promise<number> {
    this.#open();
    let pruned = 0;
    for (const [rootId, { runs }] of this.#memory.families) {
      const finishedAt = runs.get(rootId)?.finishedAtEpochMs ?? null;
      if (finishedAt === null || finishedAt >= finishedBeforeEpochMs) continue;
      this.#memory.forget(rootId);
      pruned += 1;
    }
    if (pruned > 0) this.#changed();
    return pruned;
  }

  onChange(listener: () => void): () => void {
    const end = this.#memory.listen(this.engineId, listener);
    this.#silence.push(end);
    return end;
  }

  async close(): Promise<void> {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#memory.bury(this.engineId);
    this.#hush();
    this.#changed();
  }

  #hush(): void {
    for (const end of this.#silence.splice(0)) end();
  }

  #changed(): void {
    this.#memory.changedBy(this.engineId);
  }

  #open(): void {
    if (this.#state === 'closed') throw new StoreError('storeFailed', 'the store is closed');
  }

  /** From here on this store stands for an engine that others can see. */
  #drive(): void {
    this.#open();
    const { engines } = this.#memory;
    if (this.#state === 'driving') return;
    this.#state = 'driving';
    const startedAtEpochMs = Date.now();
    const self = { id: this.engineId, pid: process.pid, hostname: hostname() };
    engines.set(this.engineId, { ...self, startedAtEpochMs, diedAtEpochMs: null });
  }
}

function noRun(rootId: string): StoreError {
  return new StoreError('noRun', `no run ${rootId} is on record`);
}
