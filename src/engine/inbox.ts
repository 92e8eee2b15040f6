import { toFailure } from '../ports/failure.ts';
import type { Log } from '../ports/log.ts';
import type { PostedEvent, RunStore } from '../ports/run-store.ts';

interface InboxParts {
  readonly store: RunStore;
  readonly log: Log;
  /** `false`: the run is not driven here (yet). */
  readonly take: (posted: PostedEvent) => boolean;
}

/** Events that other processes post for runs that are driven here. */
export class Inbox {
  readonly #parts: InboxParts;
  /** Taken, and answered with a commit that may be under way. */
  #taken: ReadonlySet<number> = new Set();
  #isReading = false;
  #again = false;

  constructor(parts: InboxParts) {
    this.#parts = parts;
  }

  /** Reads what there is now; a change while it reads makes it read once more. */
  read(): void {
    this.#again = true;
    if (!this.#isReading) void this.#readAll();
  }

  async #readAll(): Promise<void> {
    this.#isReading = true;
    while (this.#again) {
      this.#again = false;
      try {
        const posted = await this.#parts.store.inbox();
        const taken = posted.filter((one) => this.#taken.has(one.seq) || this.#parts.take(one));
        this.#taken = new Set(taken.map(({ seq }) => seq));
      } catch (error) {
        this.#parts.log.warn('the inbox could not be read', { failure: toFailure(error) });
      }
    }
    this.#isReading = false;
  }
}
