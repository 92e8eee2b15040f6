import type { EngineView, LockRequest, LockVerdict, RunRecord } from '../../ports/run-store.ts';
import type { NameInUse } from '../lock-verdict.ts';
import { judgeLocks } from '../lock-verdict.ts';

/** A run as it is kept: texts, so that nothing in them can be changed from outside. */
export interface KeptRun {
  record: string;
  timers: string;
  artefacts: string;
  finishedAtEpochMs: number | null;
  /** Innermost active states after its last step. */
  states: readonly string[];
}

/** A run at the top with all that belongs to it. */
export interface KeptFamily {
  readonly runs: Map<string, KeptRun>;
  readonly journal: string[];
  readonly progress: Map<string, string>;
  engineId: string | null;
  parked: string | null;
}

interface Ticket {
  readonly engineId: string;
  readonly locks: readonly LockRequest[];
}

interface Posted {
  readonly rootId: string;
  readonly event: string;
  answer: string | null;
}

type Engine = Omit<EngineView, 'heartbeatAtEpochMs' | 'alive'> & { diedAtEpochMs: number | null };

/** What several memory stores share, as processes share a file: open one store for each engine. */
export class SharedMemory {
  readonly engines = new Map<string, Engine>();
  /** In the order of their beginning. */
  readonly families = new Map<string, KeptFamily>();
  readonly rootIds = new Map<string, string>();
  /** By name: the capacity that each of its holders asked for. */
  readonly locks = new Map<string, Map<string, number>>();
  readonly #held = new Map<string, { engineId: string; readonly names: Set<string> }>();
  /** By run, in the order in which they were drawn. */
  readonly tickets = new Map<string, Ticket>();
  readonly inbox = new Map<number, Posted>();
  readonly secrets = new Map<string, { readonly rootId: string; readonly value: string }>();
  readonly #listeners = new Map<() => void, string>();
  #lastSeq = 0;

  nextSeq(): number {
    this.#lastSeq += 1;
    return this.#lastSeq;
  }

  listen(engineId: string, listener: () => void): () => void {
    // One of its own, so that a listener given twice is called twice and ended once.
    const own = (): void => listener();
    this.#listeners.set(own, engineId);
    return () => void this.#listeners.delete(own);
  }

  /** Tells everybody but the one who changed something. */
  changedBy(engineId: string): void {
    for (const [listener, owner] of this.#listeners) {
      if (owner === engineId) continue;
      queueMicrotask(() => {
        if (this.#listeners.has(listener)) listener();
      });
    }
  }

  viewOf(engineId: string): EngineView | null {
    const engine = this.engines.get(engineId);
    if (engine === undefined) return null;
    const { diedAtEpochMs, ...view } = engine;
    const alive = diedAtEpochMs === null;
    return { ...view, heartbeatAtEpochMs: diedAtEpochMs ?? Date.now(), alive };
  }

  tryLocks(rootId: string, engineId: string, locks: readonly LockRequest[]): LockVerdict {
    const verdict = judgeLocks(rootId, locks, (name) => this.#inUse(rootId, name));
    if (!verdict.granted) return verdict;
    const held = this.#held.get(rootId) ?? { engineId, names: new Set() };
    this.#held.set(rootId, held);
    held.engineId = engineId;
    for (const { name, capacity } of locks) {
      const holders = this.locks.get(name) ?? new Map<string, number>();
      this.locks.set(name, holders.set(rootId, capacity));
      held.names.add(name);
    }
    this.tickets.delete(rootId);
    return verdict;
  }

  unlock(rootId: string): void {
    for (const name of this.#held.get(rootId)?.names ?? []) {
      const holders = this.locks.get(name);
      if (holders?.delete(rootId) === true && holders.size === 0) this.locks.delete(name);
    }
    this.#held.delete(rootId);
  }

  end(runId: string, rootId: string): void {
    const kept = this.families.get(rootId)?.runs.get(runId);
    if (kept !== undefined) kept.timers = '[]';
    if (runId === rootId) this.conclude(rootId);
  }

  /** The run at the top is over: what it needed for itself goes, and nobody waits for an answer for ever. */
  conclude(rootId: string): void {
    const family = this.families.get(rootId);
    if (family !== undefined) family.engineId = null;
    this.unlock(rootId);
    for (const [id, secret] of this.secrets) if (secret.rootId === rootId) this.secrets.delete(id);
    const answer = JSON.stringify({ accepted: false, reason: 'the run has ended', allowed: [] });
    for (const posted of this.inbox.values()) {
      if (posted.rootId === rootId) posted.answer ??= answer;
    }
  }

  /** Everything that belongs to a run that has ended. */
  forget(rootId: string): void {
    for (const runId of this.families.get(rootId)?.runs.keys() ?? []) this.rootIds.delete(runId);
    this.families.delete(rootId);
    for (const [seq, posted] of this.inbox) if (posted.rootId === rootId) this.inbox.delete(seq);
  }

  /** An engine is no more: its runs are nobody's, and what it held for runs that never began is free. */
  bury(engineId: string): void {
    this.engines.delete(engineId);
    for (const family of this.families.values()) {
      if (family.engineId === engineId) family.engineId = null;
    }
    for (const [rootId, ticket] of this.tickets) {
      if (ticket.engineId === engineId) this.tickets.delete(rootId);
    }
    for (const [rootId, holder] of this.#held) {
      if (holder.engineId === engineId && !this.families.has(rootId)) this.unlock(rootId);
    }
  }

  buryDead(): void {
    for (const engine of this.engines.values()) {
      if (engine.diedAtEpochMs !== null) this.bury(engine.id);
    }
  }

  #inUse(rootId: string, name: string): NameInUse {
    const holders = [...(this.locks.get(name) ?? [])].map(([holder, capacity]) => ({
      rootId: holder,
      capacity,
    }));
    let ahead = 0;
    for (const [waiting, { locks }] of this.tickets) {
      if (waiting === rootId) break;
      if (locks.some((lock) => lock.name === name)) ahead += 1;
    }
    return { holders, ahead };
  }
}

export function parseRecord(text: string): RunRecord {
  const record: RunRecord = JSON.parse(text);
  return record;
}
