import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';

import type { EngineView } from '../../ports/run-store.ts';
import { StoreError } from '../../ports/run-store.ts';
import type { Database, Row } from './database.ts';
import { EngineLock, probeEngineLock, removeLockFile } from './engine-lock.ts';

const heartbeatMs = 1_000;
/** An engine whose lock file somebody removed is dead when its heart has not beaten for so long. */
const silenceMs = 10_000;

/** The place of this process among the engines of a store. */
export class EngineSeat {
  readonly name = randomUUID();
  readonly #database: Database;
  readonly #isDriving: () => boolean;
  #taken: {
    readonly id: number;
    readonly lock: EngineLock;
    readonly timer: NodeJS.Timeout;
  } | null = null;

  /** `isDriving`: whether it holds leases, so that its heart has to beat. */
  constructor(database: Database, isDriving: () => boolean) {
    this.#database = database;
    this.#isDriving = isDriving;
  }

  /** From here on others see this engine. Its row only stands while its lock is held. */
  take(): void {
    if (this.#taken !== null) return;
    const lock = new EngineLock(lockPath(this.#database, this.name));
    try {
      const now = Date.now();
      const { id } = this.#database.run(
        'insert into engines (name, pid, hostname, started_at, heartbeat_at) values (?, ?, ?, ?, ?)',
        this.name,
        process.pid,
        hostname(),
        now,
        now,
      );
      const timer = setInterval(() => this.#beat(), heartbeatMs).unref();
      this.#taken = { id, lock, timer };
    } catch (error) {
      lock.release();
      throw error;
    }
  }

  /** What this engine is called in the store's tables; `null`: it has not been seen yet. */
  get id(): number | null {
    return this.#taken?.id ?? null;
  }

  /**
   * Within a transaction: nobody has declared this engine dead, so every lease that it was given is
   * still its own.
   *
   * @throws StoreError leaseLost
   */
  confirm(): number {
    const id = this.#taken?.id ?? null;
    if (id !== null && this.#database.get('select 1 from engines where id = ?', id) !== null) {
      return id;
    }
    throw new StoreError(
      'leaseLost',
      `this engine was taken for dead, and its runs were given up: nothing of this turn is in ${this.#database.path}; start again and recover`,
    );
  }

  /** Within a transaction. */
  leave(): void {
    if (this.#taken !== null) this.#erase(this.#taken.id);
  }

  /** After the row is gone. */
  release(): void {
    this.#stand()?.release();
  }

  /** Where the row cannot be removed: its lock, which nobody holds, tells that this engine is no more. */
  drop(): void {
    this.#stand()?.drop();
  }

  /** Within a transaction: every engine whose process has ended leaves its runs to be taken over. */
  buryDead(): void {
    for (const row of this.#database.all('select * from engines')) {
      if (this.view(row).alive) continue;
      this.#erase(row.number('id'));
      removeLockFile(lockPath(this.#database, row.text('name')));
    }
  }

  /** @param row - of `engines` */
  view(row: Row): EngineView {
    const id = row.text('name');
    const heartbeatAtEpochMs = row.number('heartbeat_at');
    return {
      id,
      pid: row.number('pid'),
      hostname: row.text('hostname'),
      startedAtEpochMs: row.number('started_at'),
      heartbeatAtEpochMs,
      alive: id === this.name ? this.#taken !== null : isAlive(this.#database, row),
    };
  }

  #stand(): EngineLock | null {
    const lock = this.#taken?.lock ?? null;
    clearInterval(this.#taken?.timer);
    this.#taken = null;
    return lock;
  }

  #erase(id: number): void {
    this.#database.run('delete from engines where id = ?', id);
    this.#database.run('update leases set engine = null where engine = ?', id);
    this.#database.run(
      'delete from wanted_locks where ticket in (select id from tickets where engine = ?)',
      id,
    );
    this.#database.run('delete from tickets where engine = ?', id);
    // A run that has a record keeps its locks until it has ended, whoever drives it.
    this.#database.run(
      'delete from locks where engine = ? and run_id not in (select run_id from runs)',
      id,
    );
  }

  #beat(): void {
    const id = this.id;
    if (id === null || !this.#isDriving()) return;
    try {
      this.#database.run('update engines set heartbeat_at = ? where id = ?', Date.now(), id);
    } catch (error) {
      // A beat left out harms nobody while the lock is held; what is wrong with the file is for
      // the next commit to say.
      if (!(error instanceof StoreError)) throw error;
    }
  }
}

function lockPath({ path }: Database, name: string): string {
  return `${path}-engine-${name}`;
}

/** Of an engine that is not this one; `row` is one of `engines`. A stopped process lives. */
export function isAlive(database: Database, row: Row): boolean {
  const lock = probeEngineLock(lockPath(database, row.text('name')));
  if (lock === 'missing') return Date.now() - row.number('heartbeat_at') <= silenceMs;
  return lock === 'held';
}
