import type { Clock } from '../../ports/clock.ts';

/** A host's clock that somebody sets: what waits goes on waiting as long as it would have. */
export class JumpingClock implements Clock {
  readonly #clock: Clock;
  #aheadMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Forward, or back where it is negative. */
  jump(byMs: number): void {
    this.#aheadMs += byMs;
  }

  nowEpochMs(): number {
    return this.#clock.nowEpochMs() + this.#aheadMs;
  }

  schedule(atEpochMs: number, wake: () => void): () => void {
    return this.#clock.schedule(atEpochMs - this.#aheadMs, wake);
  }
}
