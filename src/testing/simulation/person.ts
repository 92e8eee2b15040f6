import type { Engine } from '../../engine/engine.ts';
import type { Clock } from '../../ports/clock.ts';
import type { StoredEvent } from '../../ports/run-store.ts';
import type { Answer } from './plan.ts';

/** Says the same again where nothing has come of it. */
const patienceMs = 60_000;

/**
 * Somebody who answers runs that wait in a certain state: the first time with the first word, the next
 * time with the next, and with the last one as often as it takes.
 */
export class Person {
  readonly #clock: Clock;
  /** The engine that drives the runs now; `null`: its process is dead. */
  readonly #engine: () => Engine | null;
  readonly #asked = new Map<string, { readonly left: Answer[]; state: string; entries: number }>();

  constructor(clock: Clock, engine: () => Engine | null) {
    this.#clock = clock;
    this.#engine = engine;
  }

  /** From the start of a run on. */
  follow(runId: string, answers: readonly Answer[]): void {
    if (answers.length > 0) this.#asked.set(runId, { left: [...answers], state: '', entries: 0 });
  }

  listenTo(engine: Engine): void {
    engine.on('state.entered', ({ runId, state }) => this.#enter(runId, state));
    // Whoever died may have told nobody where it came to.
    engine.on('run.resumed', ({ runId, states }) => {
      for (const state of states)
        if (state !== this.#asked.get(runId)?.state) this.#enter(runId, state);
    });
  }

  #enter(runId: string, state: string): void {
    const run = this.#asked.get(runId);
    if (run === undefined) return;
    run.state = state;
    run.entries += 1;
    const [next, ...later] = run.left;
    if (next?.in !== state) return;
    if (later.length > 0) run.left.shift();
    this.#sayLater(runId, run.entries, next.event, next.afterMs);
  }

  #sayLater(runId: string, entry: number, event: StoredEvent, afterMs: number): void {
    const atEpochMs = this.#clock.nowEpochMs() + afterMs;
    this.#clock.schedule(atEpochMs, () => void this.#say(runId, entry, event));
  }

  async #say(runId: string, entry: number, event: StoredEvent): Promise<void> {
    if (this.#asked.get(runId)?.entries !== entry) return;
    const run = await this.#engine()?.find(runId);
    // Who drives it may die before it is answered; it is said again then.
    void run?.send(event).catch(() => undefined);
    this.#sayLater(runId, entry, event, patienceMs);
  }
}
