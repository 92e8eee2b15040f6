/** Numbers by lot: the same seed draws the same, on every machine and in every release of Node. */
export class Random {
  #state: number;

  constructor(seed: number) {
    // Neighbouring seeds are to have nothing in common.
    this.#state = Math.imul(seed ^ 0x9e37_79b9, 0x85eb_ca6b) >>> 0;
    for (let warmUp = 0; warmUp < 4; warmUp += 1) this.next();
  }

  /** From 0 up to 1, which it never is (mulberry32). */
  next(): number {
    this.#state = (this.#state + 0x6d2b_79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** Whole, both ends included. */
  between(least: number, most: number): number {
    return least + Math.floor(this.next() * (most - least + 1));
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  /** @throws Error where there is nothing to choose from */
  pick<T>(from: readonly T[]): T {
    const index = Math.floor(this.next() * from.length);
    const [found] = from.slice(index, index + 1);
    if (found === undefined) throw new Error('there is nothing to pick from');
    return found;
  }
}
