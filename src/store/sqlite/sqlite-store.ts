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
import { BatchWriter, leaseLost, secretBinding, StateLists } from './batch-writer.ts';
import { ChangeWatch } from './change-watch.ts';
import type { Database } from './database.ts';
import { DrivenRuns } from './driven-runs.ts';
import { EngineSeat } from './engine-seat.ts';
import { postEvent, readAnswer, readUnanswered } from './inbox-rows.ts';
import { drawTicket, dropTicket, locksOf, tryLocks } from './lock-rows.ts';
import { RunReader } from './run-reader.ts';
import { abandonRun, findRoot, pruneChunk, pruneSome } from './run-rows.ts';
import { Sealing } from './sealing.ts';

/**
 * Runs in a SQLite file that several processes of one machine may share: what a process has
 * committed is on the disk, and what it drove when it died can be taken over at once.
 */
export class SqliteStore implements RunStore {
  readonly #database: Database;
  readonly #seat: EngineSeat;
  readonly #reader: RunReader;
  readonly #sealing: Sealing;
  readonly #states: StateLists;
  readonly #watch: ChangeWatch;
  readonly #driven = new DrivenRuns();
  #isClosed = false;

  constructor(database: Database) {
    this.#database = database;
    this.#seat = new EngineSeat(database, () => this.#driven.size > 0);
    this.#reader = new RunReader(database, this.#seat);
    this.#sealing = new Sealing(database.path);
    this.#states = new StateLists(database);
    this.#watch = new ChangeWatch(database);
  }

  /** The engine that this store stands for. */
  get engineId(): string {
    return this.#seat.name;
  }

  async commit(batch: CommitBatch): Promise<void> {
    this.#seatTaken();
    try {
      const writer = this.#database.transaction(() => {
        const writing = new BatchWriter({
          database: this.#database,
          sealing: this.#sealing,
          states: this.#states,
          driven: this.#driven,
          engine: this.#seat.confirm(),
        });
        writing.write(batch);
        return writing;
      });
      for (const [runId, run] of writer.begun) this.#driven.add(runId, run);
      for (const rootId of writer.ended) this.#driven.drop(rootId);
    } catch (error) {
      this.#states.forget();
      throw error;
    }
  }

  async acquire(
    rootId: string,
    locks: readonly LockRequest[],
    { wait }: { readonly wait: boolean },
  ): Promise<LockVerdict> {
    this.#seatTaken();
    return this.#database.transaction(() => {
      const engine = this.#seat.confirm();
      const attempt = (): LockVerdict => tryLocks(this.#database, rootId, engine, locks);
      const first = attempt();
      if (first.granted) return first;
      // Who stands in the way may be dead; runs that have begun keep their locks nevertheless.
      this.#seat.buryDead();
      const verdict = attempt();
      if (!verdict.granted && wait) drawTicket(this.#database, rootId, engine, locks);
      return verdict;
    });
  }

  async withdraw(rootId: string): Promise<void> {
    this.#open();
    this.#database.transaction(() => {
      dropTicket(this.#database, rootId);
      this.#database.run(
        'delete from locks where run_id = ? and run_id not in (select run_id from runs)',
        rootId,
      );
    });
  }

  async takeOver(only?: readonly string[]): Promise<readonly TakenOver[]> {
    this.#seatTaken();
    const taken = this.#database.transaction(() => {
      const engine = this.#seat.confirm();
      this.#seat.buryDead();
      const families = this.#reader.unheld(only);
      for (const { root } of families) {
        this.#database.run('delete from parked where root = ?', root);
        this.#database.run('update leases set engine = ? where root = ?', engine, root);
      }
      return families;
    });
    for (const { places } of taken) {
      for (const [runId, run] of places) this.#driven.add(runId, run);
    }
    return taken.map(({ rootId, runs }) => ({ rootId, runs }));
  }

  async release(rootIds: readonly string[]): Promise<void> {
    this.#open();
    const held = rootIds.flatMap((rootId) => this.#driven.get(rootId) ?? []);
    this.#database.transaction(() => held.forEach(({ root }) => this.#giveUp(root)));
    for (const rootId of rootIds) this.#driven.drop(rootId);
  }

  async park(rootId: string, failure: Failure): Promise<void> {
    this.#open();
    const run = this.#driven.get(rootId);
    if (run === undefined) throw leaseLost(rootId);
    this.#database.transaction(() => {
      this.#seat.confirm();
      this.#database.run(
        'insert or replace into parked (root, failure, at) values (?, ?, ?)',
        run.root,
        toText(failure, 'the failure'),
        Date.now(),
      );
      this.#giveUp(run.root);
    });
    this.#driven.drop(rootId);
  }

  async abandon(rootId: string): Promise<'abandoned' | 'notParked'> {
    this.#open();
    return this.#database.transaction(() => abandonRun(this.#database, rootId));
  }

  async load(runId: string): Promise<StoredRun | null> {
    this.#open();
    return this.#reader.load(runId);
  }

  async family(rootId: string): Promise<readonly StoredRun[]> {
    return this.#ofRoot(rootId, (root) => this.#reader.family(root)) ?? [];
  }

  async list(filter: RunFilter = {}): Promise<readonly RunSummary[]> {
    this.#open();
    return this.#database.reading(() => this.#reader.list(filter));
  }

  async summary(rootId: string): Promise<RunSummary | null> {
    this.#open();
    return this.#database.reading(() => this.#reader.summary(rootId));
  }

  async journal(rootId: string, after = 0): Promise<readonly JournalRow[] | null> {
    return this.#ofRoot(rootId, (root) => this.#reader.journal(root, after));
  }

  async artefacts(rootId: string): Promise<readonly ArtefactRecord[]> {
    return this.#ofRoot(rootId, (root) => this.#reader.artefacts(root)) ?? [];
  }

  async progress(rootId: string): Promise<readonly StreamProgress[]> {
    return this.#ofRoot(rootId, (root) => this.#reader.progress(root)) ?? [];
  }

  async locks(rootId: string): Promise<readonly string[]> {
    this.#open();
    return locksOf(this.#database, rootId);
  }

  async reveal(secretId: string): Promise<string> {
    this.#open();
    const row = this.#database.get(
      'select sealed, run_id from secrets join runs on runs.id = secrets.root where secrets.id = ?',
      secretId,
    );
    if (row === null) throw new StoreError('noSecret', `no secret ${secretId} is kept`);
    return this.#sealing.open(row.bytes('sealed'), secretBinding(secretId, row.text('run_id')));
  }

  async post(rootId: string, event: StoredEvent): Promise<number> {
    this.#open();
    const text = toText(event, 'the event');
    return this.#database.transaction(() => postEvent(this.#database, rootId, text));
  }

  async answerTo(seq: number): Promise<InboxAnswer | null> {
    this.#open();
    return readAnswer(this.#database, seq);
  }

  async inbox(): Promise<readonly PostedEvent[]> {
    this.#open();
    return readUnanswered(this.#database, this.#seat.id);
  }

  async prune(finishedBeforeEpochMs: number): Promise<number> {
    this.#open();
    let pruned = 0;
    for (;;) {
      const erased = this.#database.transaction(() =>
        pruneSome(this.#database, finishedBeforeEpochMs),
      );
      pruned += erased;
      if (erased < pruneChunk) return pruned;
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  onChange(listener: () => void): () => void {
    this.#open();
    return this.#watch.listen(listener);
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#watch.end();
    try {
      if (this.#seat.id !== null) this.#database.transaction(() => this.#seat.leave());
      this.#seat.release();
    } finally {
      this.#database.close();
      this.#seat.drop();
    }
  }

  #open(): void {
    if (this.#isClosed) throw new StoreError('storeFailed', 'the store is closed');
  }

  #seatTaken(): void {
    this.#open();
    this.#seat.take();
  }

  #giveUp(root: number): void {
    this.#database.run(
      'update leases set engine = null where root = ? and engine = ?',
      root,
      this.#seat.id,
    );
  }

  #ofRoot<T>(rootId: string, read: (root: number) => T): T | null {
    this.#open();
    return this.#database.reading(() => {
      const root = findRoot(this.#database, rootId);
      return root === null ? null : read(root);
    });
  }
}
