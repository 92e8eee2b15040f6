import { resolve } from 'node:path';

import { StoreError } from '../../ports/run-store.ts';
import { Database } from './database.ts';
import { isAlive } from './engine-seat.ts';
import { applicationId, schemaUpgrades } from './schema.ts';
import { corruptMessage } from './sqlite-error.ts';
import { makeStorePrivate, prepareStoreFile } from './store-file.ts';

export interface DatabaseOptions {
  readonly busyTimeoutMs: number;
  /** Other than in tests of the mechanism: those of this version. */
  readonly upgrades?: readonly string[];
}

/**
 * Opens or creates a store's file, checks that it is whole and ours, and brings its schema up to
 * date. What is not ours is not written to.
 *
 * @throws StoreError notAStore, newerStore, corrupt, notWritable, storeFailed
 */
export function openDatabase(path: string, options: DatabaseOptions): Database {
  const file = resolve(path);
  prepareStoreFile(file);
  const database = new Database(file, options.busyTimeoutMs);
  try {
    prepare(database, options.upgrades ?? schemaUpgrades);
  } catch (error) {
    database.close();
    throw error;
  }
  return database;
}

function prepare(database: Database, upgrades: readonly string[]): void {
  const isNew = identify(database, upgrades.length) === 0;
  makeStorePrivate(database.path);
  // Has an effect on an empty file only, and none after the journal's mode is set.
  if (isNew) database.exec('pragma page_size = 16384');
  const mode = database.get('pragma journal_mode = wal')?.text('journal_mode');
  if (mode !== 'wal') {
    throw new StoreError(
      'storeFailed',
      `the store ${database.path} lies on a file system without shared memory: name a local one`,
    );
  }
  // A commit returns when it is on the disk. 64 MiB of cache; the log is cut to 64 MiB when it can.
  database.exec('pragma synchronous = full');
  database.exec('pragma cache_size = -65536');
  database.exec('pragma journal_size_limit = 67108864');
  if (!isNew) checkIntegrity(database);
  upgrade(database, upgrades);
}

/** The version of its schema; 0: it is empty. */
function identify(database: Database, newestVersion: number): number {
  const { path } = database;
  return database.reading(() => {
    const application = database.get('pragma application_id')?.number('application_id');
    const version = database.get('pragma user_version')?.number('user_version') ?? 0;
    const tables = database.get('select count(*) as tables from sqlite_schema')?.number('tables');
    if (application === 0 && version === 0 && tables === 0) return 0;
    if (application !== applicationId) {
      const message = `${path} is a SQLite database of another program: name another file`;
      throw new StoreError('notAStore', message);
    }
    if (version > newestVersion) {
      throw new StoreError(
        'newerStore',
        `the store ${path} was written by a newer virtstate (schema ${version}, known here: ${newestVersion}): use that one`,
      );
    }
    return version;
  });
}

function checkIntegrity(database: Database): void {
  const finding = database.get('pragma quick_check(1)')?.text('quick_check');
  if (finding === 'ok') return;
  throw new StoreError('corrupt', corruptMessage(database.path, finding ?? 'it cannot be checked'));
}

/** One transaction: of two processes that come at the same time, the second finds it done. */
function upgrade(database: Database, upgrades: readonly string[]): void {
  if (identify(database, upgrades.length) === upgrades.length) return;
  database.transaction(() => {
    const version = database.get('pragma user_version')?.number('user_version') ?? 0;
    if (version >= upgrades.length) return;
    if (version > 0) refuseWhileDriven(database);
    for (const sql of upgrades.slice(version)) database.exec(sql);
    database.exec(`pragma application_id = ${applicationId}`);
    database.exec(`pragma user_version = ${upgrades.length}`);
  });
}

/** An engine of an older version knows nothing of the tables that would be under it. */
function refuseWhileDriven(database: Database): void {
  const living = database.all('select * from engines').find((row) => isAlive(database, row));
  if (living === undefined) return;
  throw new StoreError(
    'storeFailed',
    `the store ${database.path} is in use by an older virtstate (process ${living.number('pid')}): end that one first`,
  );
}
