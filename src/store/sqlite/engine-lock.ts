import type { DatabaseSync } from 'node:sqlite';
import { existsSync, rmSync } from 'node:fs';

import { loadNodeSqlite } from './node-sqlite.ts';
import { resultCode, resultCodeOf, toStoreError } from './sqlite-error.ts';
import { createPrivateFile } from './store-file.ts';

/**
 * Tells others that this process lives: a file whose lock the kernel drops when the process ends,
 * whatever ends it. A stopped process keeps it. SQLite takes the lock, for Node cannot; it also
 * knows of the locks that its own process has, which POSIX does not tell.
 */
export class EngineLock {
  readonly #path: string;
  readonly #connection: DatabaseSync;

  /** @throws StoreError notWritable, storeFailed */
  constructor(path: string) {
    this.#path = path;
    createPrivateFile(path);
    const { DatabaseSync: Connection } = loadNodeSqlite();
    this.#connection = new Connection(path);
    try {
      // Nothing is ever written to it, so no journal comes into being beside it.
      this.#connection.exec('pragma journal_mode = memory');
      this.#connection.exec('begin exclusive');
    } catch (error) {
      this.release();
      throw toStoreError(error, { path, busyTimeoutMs: 0 });
    }
  }

  release(): void {
    this.drop();
    removeLockFile(this.#path);
  }

  /** Its file stays, so that whoever looks sees that nobody holds it. */
  drop(): void {
    this.#connection.close();
  }
}

/** One that cannot be removed does no harm: nobody holds it. */
export function removeLockFile(path: string): void {
  rmSync(path, { force: true });
}

/**
 * Whether the process that made this lock still lives. Only looks: who looks at the same time does
 * not get in the way. Must not be asked of a process's own lock by any other means than SQLite's.
 */
export function probeEngineLock(path: string): 'held' | 'free' | 'missing' {
  if (!existsSync(path)) return 'missing';
  const { DatabaseSync: Connection } = loadNodeSqlite();
  let connection: DatabaseSync | null = null;
  try {
    connection = new Connection(path, { readOnly: true });
    connection.exec('pragma busy_timeout = 0');
    connection.prepare('select count(*) from sqlite_schema').get();
    return 'free';
  } catch (error) {
    if (resultCodeOf(error) === resultCode.cannotOpen && !existsSync(path)) return 'missing';
    // What cannot be looked at is not declared dead.
    return 'held';
  } finally {
    connection?.close();
  }
}
