import type { InboxAnswer, StoredEvent } from '../ports/run-store.ts';

/** A run on record, whoever drives it. */
export interface RunHandle {
  readonly id: string;
  /**
   * Resolves with the answer of whoever drives the run: this engine at once, another process by its
   * inbox.
   *
   * @throws EngineError notAnswered: nobody drives it, or its process does not answer. The event
   *   stays posted, and is taken when somebody recovers the run
   */
  send(event: StoredEvent): Promise<InboxAnswer>;
}
