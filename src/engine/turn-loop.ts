import type { Clock } from '../ports/clock.ts';
import type { Failure } from '../ports/failure.ts';
import { toFailure } from '../ports/failure.ts';
import type { Log } from '../ports/log.ts';
import type { RunStore } from '../ports/run-store.ts';
import { StoreError } from '../ports/run-store.ts';
import { Changes, inOneBatch } from './changes.ts';
import type { Family } from './family.ts';

/** Everything that happens within one turn of the event loop, by family. */
export class Turn {
  readonly atEpochMs: number;
  readonly #changes = new Map<Family, Changes>();

  constructor(atEpochMs: number) {
    this.atEpochMs = atEpochMs;
  }

  in(family: Family): Changes {
    const known = this.#changes.get(family);
    if (known !== undefined) return known;
    const changes = new Changes(family, this.atEpochMs);
    this.#changes.set(family, changes);
    return changes;
  }

  get changes(): readonly Changes[] {
    return [...this.#changes.values()];
  }
}

export interface LoopOptions {
  readonly store: RunStore;
  readonly clock: Clock;
  readonly log: Log;
  /** It is on record: now it may happen. */
  readonly settle: (changes: Changes) => void;
  /** Nothing of it is on record: nothing of it may happen, nor go on beside it. */
  readonly refuse: (changes: Changes, refusal: Failure) => void;
}

type Work = (turn: Turn) => void;

/** Turns of the event loop: what is to be done, one commit for all of it, then the acts. */
export class TurnLoop {
  readonly #options: LoopOptions;
  readonly #queue: Work[] = [];
  #running: Promise<void> | null = null;
  #isClosed = false;

  constructor(options: LoopOptions) {
    this.#options = options;
  }

  /** Done with the next turn, or with the present one when it is asked for in there. */
  enqueue(work: Work): void {
    if (this.#isClosed) return;
    this.#queue.push(work);
    this.#running ??= this.#run();
  }

  /** Takes nothing more; resolves when the turn that is under way is over. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#queue.length = 0;
    await this.#running;
  }

  async #run(): Promise<void> {
    while (this.#queue.length > 0) {
      await nextTurn();
      const turn = new Turn(this.#options.clock.nowEpochMs());
      while (this.#queue.length > 0) for (const work of this.#queue.splice(0)) this.#do(work, turn);
      for (const changes of turn.changes) changes.close();
      if (turn.changes.length > 0) await this.#commit(turn.changes);
    }
    this.#running = null;
  }

  /** A bug of ours in one run must not stop all the others. */
  #do(work: Work, turn: Turn): void {
    try {
      work(turn);
    } catch (error) {
      this.#options.log.error('a step failed', { failure: toFailure(error) });
    }
  }

  async #commit(all: readonly Changes[]): Promise<void> {
    const { refuse, settle } = this.#options;
    const refusal = await this.#store(all);
    if (refusal === null) all.forEach(settle);
    else if (all.length === 1) all.forEach((changes) => refuse(changes, refusal));
    // What is wrong with one run is not wrong with the others; each is whole by itself.
    else for (const changes of all) await this.#commit([changes]);
  }

  /** `null`: it is durable. */
  async #store(all: readonly Changes[]): Promise<Failure | null> {
    try {
      await this.#options.store.commit(inOneBatch(all));
      return null;
    } catch (error) {
      return storeFailure(error);
    }
  }
}

export function storeFailure(error: unknown): Failure {
  const failure = toFailure(error);
  return { ...failure, code: error instanceof StoreError ? error.code : 'storeFailed' };
}

function nextTurn(): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  setImmediate(resolve);
  return promise;
}
