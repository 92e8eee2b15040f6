import { chmodSync, closeSync, mkdirSync, openSync, statSync } from 'node:fs';
import type { Stats } from 'node:fs';
import { dirname } from 'node:path';

import { StoreError } from '../../ports/run-store.ts';
import { messageOf } from './sqlite-error.ts';

const privateFile = 0o600;
const privateDirectory = 0o700;

/**
 * Makes sure that the file is there before SQLite opens it: what SQLite makes beside it (`-wal`,
 * `-shm`) gets its mode. A file that exists is never opened here: closing it would drop the locks
 * that another connection of this process has on it (https://www.sqlite.org/howtocorrupt.html, 2.2).
 *
 * @throws StoreError notAStore, notWritable
 */
export function prepareStoreFile(path: string): void {
  const stats = look(path);
  if (stats === null) {
    const directory = dirname(path);
    attempt(`the directory ${directory} of the store cannot be made`, () =>
      mkdirSync(directory, { recursive: true, mode: privateDirectory }),
    );
    createPrivateFile(path);
    return;
  }
  if (!stats.isFile()) {
    const kind = stats.isDirectory() ? 'a directory' : 'not a regular file';
    throw new StoreError('notAStore', `${path} is ${kind}: name a file for the store`);
  }
}

/** What others could read is theirs no longer. Only for a file that is known to be a store. */
export function makeStorePrivate(path: string): void {
  for (const part of [path, `${path}-wal`, `${path}-shm`, `${path}.key`]) makePrivate(part);
}

/** A new empty file that only its owner may read, whatever the umask. */
export function createPrivateFile(path: string): void {
  attempt(`${path} cannot be made`, () => {
    try {
      closeSync(openSync(path, 'wx', privateFile));
    } catch (error) {
      // Somebody else made it meanwhile; a link that leads nowhere is nobody's file.
      if (codeOf(error) === 'EEXIST' && look(path) !== null) return;
      throw error;
    }
    chmodSync(path, privateFile);
  });
}

function makePrivate(path: string): void {
  const stats = look(path);
  if (stats === null || (stats.mode & 0o077) === 0) return;
  attempt(`${path} can be read by others, and its mode cannot be changed`, () =>
    chmodSync(path, privateFile),
  );
}

function look(path: string): Stats | null {
  return (
    attempt(`${path} cannot be looked at`, () => statSync(path, { throwIfNoEntry: false })) ?? null
  );
}

function attempt<T>(failing: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw new StoreError('notWritable', `${failing}: ${messageOf(error)}`, { cause: error });
  }
}

export function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}
