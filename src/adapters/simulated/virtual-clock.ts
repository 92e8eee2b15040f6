import type { Clock } from '../../ports/clock.ts';

/** As fast as the process can, or so many virtual seconds for each real one (1: real time). */
export type Pace = 'asFastAsPossible' | number;

interface Timer {
  readonly atEpochMs: number;
  readonly wake: () => void;
}

/** How often the event loop is let round before a process that is never idle counts as idle. */
const idleTurnsMax = 16;

/**
 * Time that stands still while anything happens and then jumps to the next timer. It moves only
 * while {@link VirtualClock.run} has work to wait for, so that a run is the same every time.
 */
export class VirtualClock implements Clock {
  readonly #pace: Pace;
  /** Ordered by time; equal times in the order in which they were scheduled. */
  readonly #timers: Timer[] = [];
  #nowEpochMs: number;
  /** Where the real clock stood when virtual time last moved (paced mode only). */
  #realAnchorMs = performance.now();
  #pendingRuns = 0;
  #driving: Promise<void> | null = null;
  #nudge: () => void = () => undefined;

  constructor(options: { readonly startEpochMs: number; readonly pace: Pace }) {
    this.#pace = options.pace;
    this.#nowEpochMs = options.startEpochMs;
  }

  nowEpochMs(): number {
    if (this.#pace === 'asFastAsPossible' || this.#driving === null) return this.#nowEpochMs;
    const paced = this.#nowEpochMs + (performance.now() - this.#realAnchorMs) * this.#pace;
    return Math.floor(Math.min(paced, this.#timers[0]?.atEpochMs ?? paced));
  }

  schedule(atEpochMs: number, wake: () => void): () => void {
    const timer: Timer = { atEpochMs: Math.max(atEpochMs, this.nowEpochMs()), wake };
    this.#timers.splice(this.#placeAfter(timer.atEpochMs), 0, timer);
    this.#nudge();
    return () => {
      const index = this.#timers.indexOf(timer);
      if (index !== -1) this.#timers.splice(index, 1);
    };
  }

  /** Lets time go on until `work` has settled, and hands its outcome on. */
  async run<T>(work: Promise<T>): Promise<T> {
    this.#pendingRuns += 1;
    this.#driving ??= this.#drive();
    try {
      // What fails in a timer fails for everybody who waits for time to go on.
      return await Promise.race([work, this.#driving.then(() => work)]);
    } finally {
      this.#pendingRuns -= 1;
      this.#nudge();
    }
  }

  async #drive(): Promise<void> {
    this.#realAnchorMs = performance.now();
    try {
      while (this.#pendingRuns > 0) {
        await idle();
        const next = this.#timers[0];
        if (this.#pendingRuns === 0) return;
        if (next === undefined) await this.#nudged();
        else if (await this.#isDue(next)) this.#fire(next);
      }
    } finally {
      this.#nowEpochMs = this.nowEpochMs();
      this.#driving = null;
    }
  }

  #fire(timer: Timer): void {
    this.#timers.shift();
    this.#nowEpochMs = timer.atEpochMs;
    this.#realAnchorMs = performance.now();
    timer.wake();
  }

  /** False when something happened meanwhile, so that another timer may be the next one. */
  async #isDue(timer: Timer): Promise<boolean> {
    if (this.#pace === 'asFastAsPossible') return true;
    const aheadMs = (timer.atEpochMs - this.#nowEpochMs) / this.#pace;
    const waitMs = this.#realAnchorMs + aheadMs - performance.now();
    if (waitMs > 0) {
      const nudged = this.#nudged();
      const realTimer = setTimeout(this.#nudge, Math.ceil(waitMs));
      await nudged;
      clearTimeout(realTimer);
    }
    return this.#timers[0] === timer && performance.now() >= this.#realAnchorMs + aheadMs;
  }

  #nudged(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#nudge = resolve;
    return promise;
  }

  #placeAfter(atEpochMs: number): number {
    let low = 0;
    let high = this.#timers.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#timers[middle]?.atEpochMs ?? Infinity) <= atEpochMs) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** Resolves when no callback of this turn of the event loop has left another one behind. */
async function idle(): Promise<void> {
  for (let turn = 0; turn < idleTurnsMax; turn += 1) {
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
    if (!process.getActiveResourcesInfo().includes('Immediate')) return;
  }
}
