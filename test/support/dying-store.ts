import type { CommitBatch } from '../../src/ports/run-store.ts';
import { StoreError } from '../../src/ports/run-store.ts';
import type { SharedMemory } from '../../src/store/memory/index.ts';
import { MemoryStore } from '../../src/store/memory/index.ts';
import { never } from './engines.ts';

/** A store whose process is killed at its nth commit: before it, or after it and before the reply. */
export class DyingStore extends MemoryStore {
  readonly #at: number;
  readonly #when: 'before' | 'after';
  #commits = 0;

  constructor(memory: SharedMemory, at: number, when: 'before' | 'after') {
    super(memory);
    this.#at = at;
    this.#when = when;
  }

  get isDead(): boolean {
    return this.#commits >= this.#at;
  }

  override async commit(batch: CommitBatch): Promise<void> {
    this.#commits += 1;
    if (this.#commits < this.#at) return super.commit(batch);
    if (this.#commits > this.#at) throw new StoreError('storeFailed', 'it is dead');
    if (this.#when === 'after') await super.commit(batch);
    this.die();
    return never();
  }
}
