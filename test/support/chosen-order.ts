import type { Clock } from '../../src/ports/clock.ts';

/** Time that goes on only by hand: whoever waits is woken in the order that the test chooses. */
export class ChosenOrder implements Clock {
  #waiting: { readonly who: string; readonly wake: () => void }[] = [];
  /** Whose waits come next; the test says so before it lets anybody run. */
  #who = '';

  nowEpochMs(): number {
    return 0;
  }

  schedule(atEpochMs: number, wake: () => void): () => void {
    // Nothing comes between where no time passes.
    if (atEpochMs <= this.nowEpochMs()) {
      queueMicrotask(wake);
      return () => undefined;
    }
    const waiting = { who: this.#who, wake };
    this.#waiting.push(waiting);
    return () => {
      this.#waiting = this.#waiting.filter((each) => each !== waiting);
    };
  }

  /** Begins somebody's work, up to its first wait. */
  async begin(who: string, work: () => void): Promise<void> {
    this.#who = who;
    work();
    await settled();
  }

  /** Lets that one go on to its next wait. */
  async step(who: string): Promise<void> {
    const next = this.#waiting.find((each) => each.who === who);
    if (next === undefined) throw new Error(`${who} waits for nothing`);
    this.#waiting = this.#waiting.filter((each) => each !== next);
    this.#who = who;
    next.wake();
    await settled();
  }

  /** Those who could go on. */
  get ready(): string[] {
    return [...new Set(this.#waiting.map(({ who }) => who))];
  }
}

/** All that needs no time has happened. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
