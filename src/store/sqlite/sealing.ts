import { createCipheriv, createDecipheriv, randomBytes, randomUUID } from 'node:crypto';
import {
  closeSync,
  fchmodSync,
  fsyncSync,
  linkSync,
  openSync,
  readFileSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';

import { StoreError } from '../../ports/run-store.ts';
import { messageOf } from './sqlite-error.ts';
import { codeOf } from './store-file.ts';

const cipher = 'aes-256-gcm';
const keyBytes = 32;
const nonceBytes = 12;
const tagBytes = 16;

/** Seals values with a key that lies beside the store: a copy of the database alone shows nothing. */
export class Sealing {
  readonly #keyPath: string;
  #key: Buffer | null = null;

  constructor(storePath: string) {
    this.#keyPath = `${storePath}.key`;
  }

  /** `bound`: what the value belongs to; it opens nowhere else. */
  seal(value: string, bound: string): Uint8Array {
    const nonce = randomBytes(nonceBytes);
    const sealing = createCipheriv(cipher, this.#readOrMakeKey(), nonce);
    sealing.setAAD(Buffer.from(bound));
    const sealed = Buffer.concat([sealing.update(value, 'utf8'), sealing.final()]);
    return Buffer.concat([nonce, sealing.getAuthTag(), sealed]);
  }

  /** @throws StoreError noSecret: the key is gone or another one */
  open(sealed: Uint8Array, bound: string): string {
    const bytes = Buffer.from(sealed);
    try {
      const opening = createDecipheriv(cipher, this.#readKey(), bytes.subarray(0, nonceBytes), {
        authTagLength: tagBytes,
      });
      opening.setAAD(Buffer.from(bound));
      opening.setAuthTag(bytes.subarray(nonceBytes, nonceBytes + tagBytes));
      const value = opening.update(bytes.subarray(nonceBytes + tagBytes));
      return Buffer.concat([value, opening.final()]).toString('utf8');
    } catch (error) {
      const message = `the secret cannot be opened with the key ${this.#keyPath}: restore the key that belongs to this store`;
      throw new StoreError('noSecret', message, { cause: error });
    }
  }

  #readOrMakeKey(): Buffer {
    try {
      return this.#readKey();
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw this.#unusable(error);
    }
    try {
      this.#makeKey();
      return this.#readKey();
    } catch (error) {
      throw this.#unusable(error);
    }
  }

  #readKey(): Buffer {
    if (this.#key !== null) return this.#key;
    const key = readFileSync(this.#keyPath);
    if (key.length !== keyBytes)
      throw new Error(`it has ${key.length} bytes instead of ${keyBytes}`);
    this.#key = key;
    return key;
  }

  /** Whole or not at all, and one of two processes that come at the same time makes it. */
  #makeKey(): void {
    const draft = `${this.#keyPath}.${randomUUID()}`;
    const file = openSync(draft, 'wx', 0o600);
    try {
      fchmodSync(file, 0o600);
      writeSync(file, randomBytes(keyBytes));
      fsyncSync(file);
      linkSync(draft, this.#keyPath);
      syncDirectory(dirname(this.#keyPath));
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') throw error;
    } finally {
      closeSync(file);
      rmSync(draft, { force: true });
    }
  }

  #unusable(error: unknown): StoreError {
    const message = `the key ${this.#keyPath} of the store cannot be used: ${messageOf(error)}`;
    return new StoreError('notWritable', message, { cause: error });
  }
}

/** A new name is on the disk when its directory is. */
function syncDirectory(path: string): void {
  const directory = openSync(path, 'r');
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}
