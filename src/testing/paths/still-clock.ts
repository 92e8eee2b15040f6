import type { Clock } from '../../ports/clock.ts';

interface Waiting {
  readonly atEpochMs: number;
  readonly wake: () => void;
}

/** A clock that stands still: what it shall wake, and when, is said by a path. */
export class StillClock implements Clock {
  #nowEpochMs = 0;
  readonly #waiting = new Set<Waiting>();
  /** How long each moment was ahead when it was first asked for. */
  readonly #delays = new Map<number, Set<number>>();

  nowEpochMs(): number {
    return this.#nowEpochMs;
  }

  schedule(atEpochMs: number, wake: () => void): () => void {
    const one = { atEpochMs, wake };
    this.#waiting.add(one);
    const delays = this.#delays.get(atEpochMs) ?? new Set();
    this.#delays.set(atEpochMs, delays.add(atEpochMs - this.#nowEpochMs));
    return () => void this.#waiting.delete(one);
  }

  /** Goes on without waking anybody. */
  pass(durationMs: number): void {
    this.#nowEpochMs += durationMs;
  }

  /** Until what was to be woken after so long is overdue. */
  passUntilDue(delayMs: number): void {
    this.#nowEpochMs = Math.max(this.#nowEpochMs, this.#latest(delayMs)?.atEpochMs ?? 0);
  }

  /** Wakes whoever asked last to be woken after so long; `false`: nobody did. */
  wake(delayMs: number): boolean {
    const one = this.#latest(delayMs);
    if (one === undefined) return false;
    this.#waiting.delete(one);
    one.wake();
    return true;
  }

  #latest(delayMs: number): Waiting | undefined {
    return [...this.#waiting]
      .filter(({ atEpochMs }) => this.#delays.get(atEpochMs)?.has(delayMs) === true)
      .at(-1);
  }
}
