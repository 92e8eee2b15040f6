import type { Clock } from '../../ports/clock.ts';

/** Somebody looks at the world between any two things that time brings about. */
export class StepClock implements Clock {
  readonly #clock: Clock;
  readonly #look: (step: number) => void;
  #steps = 0;

  constructor(clock: Clock, look: (step: number) => void) {
    this.#clock = clock;
    this.#look = look;
  }

  get steps(): number {
    return this.#steps;
  }

  nowEpochMs(): number {
    return this.#clock.nowEpochMs();
  }

  schedule(atEpochMs: number, wake: () => void): () => void {
    return this.#clock.schedule(atEpochMs, () => {
      this.#steps += 1;
      // All that the step before has brought about has happened by now.
      this.#look(this.#steps);
      wake();
    });
  }
}
