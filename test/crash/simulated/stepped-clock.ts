import type { Clock } from '../../../src/ports/clock.ts';

interface Timer {
  readonly atEpochMs: number;
  readonly wake: () => void;
}

/** Time that stands still until somebody moves it: two processes can share it without a race. */
export class SteppedClock implements Clock {
  /** Ordered by time; equal times in the order in which they were scheduled. */
  readonly #timers: Timer[] = [];
  #nowEpochMs: number;

  constructor(startEpochMs: number) {
    this.#nowEpochMs = startEpochMs;
  }

  nowEpochMs(): number {
    return this.#nowEpochMs;
  }

  /** `null`: nobody waits for anything. */
  get nextEpochMs(): number | null {
    return this.#timers[0]?.atEpochMs ?? null;
  }

  schedule(atEpochMs: number, wake: () => void): () => void {
    const timer: Timer = { atEpochMs: Math.max(atEpochMs, this.#nowEpochMs), wake };
    const after = this.#timers.findIndex((each) => each.atEpochMs > timer.atEpochMs);
    this.#timers.splice(after === -1 ? this.#timers.length : after, 0, timer);
    return () => {
      const index = this.#timers.indexOf(timer);
      if (index !== -1) this.#timers.splice(index, 1);
    };
  }

  /** Goes to the next timer and wakes whoever waits there. */
  fireNext(): void {
    const timer = this.#timers.shift();
    if (timer === undefined) return;
    this.#nowEpochMs = timer.atEpochMs;
    timer.wake();
  }

  /** Wakes all whose time has come by then, one after the other. */
  moveTo(epochMs: number): void {
    while (this.nextEpochMs !== null && this.nextEpochMs <= epochMs) this.fireNext();
    this.#nowEpochMs = Math.max(this.#nowEpochMs, epochMs);
  }
}
