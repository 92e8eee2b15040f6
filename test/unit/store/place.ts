import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { StoreError } from '../../../src/ports/run-store.ts';
import type { SqliteStore, SqliteStoreOptions } from '../../../src/store/sqlite/index.ts';
import { openSqliteStore } from '../../../src/store/sqlite/index.ts';
import { StoreProcess } from '../../contract/store-process.ts';

/** A directory of the test's own, gone with the test. */
export function newDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'virtstate-store-'));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  return directory;
}

/** Where a store may be made. */
export function newPath(): string {
  return join(newDirectory(), 'runs.db');
}

/** A store that is closed with the test. */
export function opened(path: string, options?: SqliteStoreOptions): SqliteStore {
  const store = openSqliteStore(path, options);
  onTestFinished(() => store.close());
  return store;
}

/** A store in another process, which is killed with the test. */
export async function openedElsewhere(path: string): Promise<StoreProcess> {
  const other = await StoreProcess.start(path);
  onTestFinished(() => other.kill());
  return other;
}

/** What opening it comes to where it must not succeed. */
export function refusalOf(open: () => unknown): StoreError {
  try {
    open();
  } catch (error) {
    if (error instanceof StoreError) return error;
    throw error;
  }
  throw new Error('it was opened');
}

/** Names in a directory, without what changes from one run of the test to the other. */
export function namesIn(directory: string): string[] {
  return readdirSync(directory).map((name) => name.replace(/-engine-.*/, '-engine'));
}
