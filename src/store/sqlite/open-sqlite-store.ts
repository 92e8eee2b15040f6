import { openDatabase } from './open-database.ts';
import { SqliteStore } from './sqlite-store.ts';

export interface SqliteStoreOptions {
  /** How long a call waits for another process that writes; 5 s where it is left out. */
  readonly busyTimeoutMs?: number;
}

/**
 * Opens the store at `path`, or creates it: the file (mode 0600) and missing directories (0700).
 * SQLite keeps `-wal` and `-shm` beside it, each engine a `-engine-*` while it lives, and the key
 * of its secrets lies in `.key`.
 *
 * @throws StoreError notAStore, newerStore, corrupt, notWritable, storeFailed
 */
export function openSqliteStore(path: string, options: SqliteStoreOptions = {}): SqliteStore {
  return new SqliteStore(openDatabase(path, { busyTimeoutMs: options.busyTimeoutMs ?? 5_000 }));
}
