import { StoreError } from '../../ports/run-store.ts';

/** What an operation on the store's file was about, for whoever reads that it failed. */
export interface Attempt {
  readonly path: string;
  readonly busyTimeoutMs: number;
}

/** Primary result codes of SQLite (https://www.sqlite.org/rescode.html). */
export const resultCode = {
  busy: 5,
  readOnly: 8,
  ioError: 10,
  corrupt: 11,
  full: 13,
  cannotOpen: 14,
  notADatabase: 26,
} as const;

/** The primary result code of an error that SQLite gave; `null`: it comes from elsewhere. */
export function resultCodeOf(error: unknown): number | null {
  if (!(error instanceof Error) || !('errcode' in error)) return null;
  return typeof error.errcode === 'number' ? error.errcode & 0xff : null;
}

/** Anything thrown while SQLite worked, as what, where and what to do. */
export function toStoreError(error: unknown, { path, busyTimeoutMs }: Attempt): StoreError {
  if (error instanceof StoreError) return error;
  const failed = (code: string, message: string): StoreError =>
    new StoreError(code, message, { cause: error });
  switch (resultCodeOf(error)) {
    case resultCode.busy:
      return failed(
        'storeFailed',
        `the store ${path} was in use by another process for ${busyTimeoutMs / 1000} s: nothing was changed; try again`,
      );
    case resultCode.readOnly:
      return failed('notWritable', `the store ${path} cannot be written: make it writable`);
    case resultCode.cannotOpen:
      return failed(
        'notWritable',
        `the store ${path} cannot be opened: check that its directory exists and may be written`,
      );
    case resultCode.full:
      return failed(
        'storeFailed',
        `no space is left for the store ${path}: nothing was changed; free some space and recover`,
      );
    case resultCode.corrupt:
      return failed('corrupt', corruptMessage(path, 'SQLite found it damaged'));
    case resultCode.notADatabase:
      return failed(
        'notAStore',
        `${path} is not a store: it is no SQLite database, or its beginning is damaged; name another file or restore a backup`,
      );
    case resultCode.ioError:
      return failed(
        'storeFailed',
        `the disk failed under the store ${path} (${messageOf(error)}): nothing was changed`,
      );
    case null:
    default:
      return failed('storeFailed', `the store ${path} failed: ${messageOf(error)}`);
  }
}

export function corruptMessage(path: string, finding: string): string {
  return `the store ${path} is corrupt (${finding}): it is left as it is; restore a backup, or move it away to begin a new one`;
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
