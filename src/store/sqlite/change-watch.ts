import type { Database } from './database.ts';
import { StoreError } from '../../ports/run-store.ts';

/** A look costs up to 0.2 ms of CPU: every 25 ms they were half of ours in a copy of a minute. */
const pollMs = 50;

/** Notices that another connection has committed something: SQLite counts that for each connection. */
export class ChangeWatch {
  readonly #database: Database;
  readonly #listeners = new Set<{ readonly call: () => void }>();
  #timer: NodeJS.Timeout | null = null;
  #version: number | null = null;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Polls only while somebody listens. */
  listen(listener: () => void): () => void {
    // One of its own, so that a listener given twice is called twice and ended once.
    const entry = { call: listener };
    this.#listeners.add(entry);
    if (this.#timer === null) {
      this.#version = this.#read();
      this.#timer = setInterval(() => this.#look(), pollMs).unref();
    }
    return () => {
      this.#listeners.delete(entry);
      if (this.#listeners.size === 0) this.end();
    };
  }

  end(): void {
    this.#listeners.clear();
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }

  #look(): void {
    const version = this.#read();
    if (version === null || version === this.#version) return;
    this.#version = version;
    for (const listener of this.#listeners) listener.call();
  }

  /** `null`: it cannot be told now; what is wrong with the file is for the next commit to say. */
  #read(): number | null {
    try {
      return this.#database.get('pragma data_version')?.number('data_version') ?? null;
    } catch (error) {
      if (error instanceof StoreError) return null;
      throw error;
    }
  }
}
