import type { CommitBatch, InboxAnswer, JournalRow, RunRecord } from '../../ports/run-store.ts';
import { StoreError } from '../../ports/run-store.ts';
import { toText } from '../to-text.ts';
import type { Database } from './database.ts';
import type { DrivenRun, DrivenRuns } from './driven-runs.ts';
import { concludeRun } from './run-rows.ts';
import type { Sealing } from './sealing.ts';

/** Writes one batch; what it learns by that holds only once the transaction has been committed. */
export class BatchWriter {
  readonly begun = new Map<string, DrivenRun>();
  readonly ended: string[] = [];
  readonly states: StateLists;
  readonly #database: Database;
  readonly #sealing: Sealing;
  readonly #engine: number;
  readonly #driven: DrivenRuns;

  constructor(place: {
    readonly database: Database;
    readonly sealing: Sealing;
    readonly engine: number;
    readonly driven: DrivenRuns;
    readonly states: StateLists;
  }) {
    this.#database = place.database;
    this.#sealing = place.sealing;
    this.#engine = place.engine;
    this.#driven = place.driven;
    this.states = place.states;
  }

  /** Within a transaction. */
  write(batch: CommitBatch): void {
    for (const run of batch.runs) {
      if (run.id === run.rootId && this.#driven.get(run.id) === undefined) this.#begin(run);
    }
    for (const run of batch.runs) this.#writeRun(run);
    for (const row of batch.journal) this.#writeStep(row);
    for (const { runId, timers } of batch.timers) this.#writeList('timers', runId, timers);
    for (const { runId, artefacts } of batch.artefacts) {
      this.#writeList('artefacts', runId, artefacts);
    }
    for (const { id, rootId, value } of batch.secrets) this.#writeSecret(id, rootId, value);
    for (const { rootId, streams } of batch.progress) {
      for (const stream of streams) this.#writeProgress(rootId, stream.stream, stream);
    }
    for (const { seq, answer } of batch.answers) this.#writeAnswer(seq, answer);
    for (const run of batch.runs) this.#end(run);
  }

  #find(runId: string): DrivenRun | undefined {
    return this.#driven.get(runId) ?? this.begun.get(runId);
  }

  #mine(runId: string): DrivenRun {
    const run = this.#find(runId);
    if (run === undefined) throw leaseLost(runId);
    return run;
  }

  #begin(run: RunRecord): void {
    const id = this.#insert(run, null);
    this.#database.run('insert into leases (root, engine) values (?, ?)', id, this.#engine);
    this.begun.set(run.id, { id, root: id, rootId: run.id });
  }

  #writeRun(run: RunRecord): void {
    const known = this.#driven.get(run.id);
    if (known !== undefined) {
      this.#update(known.id, run);
    } else if (!this.begun.has(run.id)) {
      const { root, rootId } = this.#mine(run.rootId);
      this.begun.set(run.id, { id: this.#insert(run, root), root, rootId });
    }
  }

  #insert(run: RunRecord, root: number | null): number {
    const { changes, id } = this.#database.run(
      `insert into runs (run_id, root, machine, version, parent_run_id, parent_invoke_id, subject,
        started_at, finished_at, outcome, entries, snapshot)
        values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) on conflict do nothing`,
      run.id,
      root,
      run.machine,
      run.version,
      run.parent?.runId ?? null,
      run.parent?.invokeId ?? null,
      run.subject,
      run.startedAtEpochMs,
      run.finishedAtEpochMs,
      run.outcome,
      toText(run.entries, `entries of run ${run.id}`),
      toText(run.snapshot, `the snapshot of run ${run.id}`),
    );
    // It is on record, and not one of ours: somebody else's, or one that has ended.
    if (changes === 0) throw leaseLost(run.id);
    return id;
  }

  #update(id: number, run: RunRecord): void {
    this.#database.run(
      'update runs set version = ?, finished_at = ?, outcome = ?, entries = ?, snapshot = ? where id = ?',
      run.version,
      run.finishedAtEpochMs,
      run.outcome,
      toText(run.entries, `entries of run ${run.id}`),
      toText(run.snapshot, `the snapshot of run ${run.id}`),
      id,
    );
  }

  #writeStep(row: JournalRow): void {
    this.#database.run(
      'insert into journal (run, at, event, from_states, to_states, effect_key) values (?, ?, ?, ?, ?, ?)',
      this.#mine(row.runId).id,
      row.atEpochMs,
      toText(row.event, `an event of run ${row.runId}`),
      this.states.idOf(row.from),
      this.states.idOf(row.to),
      row.effectKey,
    );
  }

  #writeList(table: 'timers' | 'artefacts', runId: string, list: readonly unknown[]): void {
    const { id } = this.#mine(runId);
    if (list.length === 0) {
      this.#database.run(`delete from ${table} where run = ?`, id);
      return;
    }
    this.#database.run(
      `insert or replace into ${table} (run, ${table}) values (?, ?)`,
      id,
      toText(list, `${table} of run ${runId}`),
    );
  }

  #writeSecret(id: string, rootId: string, value: string): void {
    this.#database.run(
      'insert or replace into secrets (id, root, sealed) values (?, ?, ?)',
      id,
      this.#mine(rootId).root,
      this.#sealing.seal(value, secretBinding(id, rootId)),
    );
  }

  /** Progress of a run that is no longer ours is worth nothing: it is left out. */
  #writeProgress(rootId: string, stream: string, progress: unknown): void {
    const run = this.#find(rootId);
    if (run === undefined) return;
    this.#database.run(
      `insert into progress (root, stream, progress) values (?, ?, ?)
       on conflict (root, stream) do update set progress = excluded.progress`,
      run.root,
      stream,
      toText(progress, `progress of run ${rootId}`),
    );
  }

  #writeAnswer(seq: number, answer: InboxAnswer): void {
    const posted = this.#database.get(
      'select run_id from inbox join runs on runs.id = inbox.root where seq = ? and answer is null',
      seq,
    );
    if (posted === null) return;
    this.#mine(posted.text('run_id'));
    const text = toText(answer, `the answer to event ${seq}`);
    this.#database.run('update inbox set answer = ? where seq = ?', text, seq);
  }

  #end(run: RunRecord): void {
    if (run.finishedAtEpochMs === null) return;
    const { id, rootId } = this.#mine(run.id);
    this.#database.run('delete from timers where run = ?', id);
    if (run.id !== rootId) return;
    concludeRun(this.#database, id, rootId);
    this.ended.push(rootId);
  }
}

/** What a secret is sealed for. */
export function secretBinding(id: string, rootId: string): string {
  return JSON.stringify([id, rootId]);
}

/** Lists of states by their number; begins anew where a transaction failed that wrote some. */
export class StateLists {
  readonly #database: Database;
  readonly #ids = new Map<string, number>();

  constructor(database: Database) {
    this.#database = database;
  }

  idOf(names: readonly string[]): number {
    const text = JSON.stringify(names);
    const known = this.#ids.get(text);
    if (known !== undefined) return known;
    this.#database.run('insert into states (names) values (?) on conflict do nothing', text);
    const id = this.#database.get('select id from states where names = ?', text)?.number('id') ?? 0;
    this.#ids.set(text, id);
    return id;
  }

  forget(): void {
    this.#ids.clear();
  }
}

export function leaseLost(runId: string): StoreError {
  return new StoreError(
    'leaseLost',
    `run ${runId} is not driven from here (any more): nothing of this turn is on record`,
  );
}
