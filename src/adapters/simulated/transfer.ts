import type { World } from './world.ts';

/** Two hosts, and a ceiling on what may go from one to the other. */
export interface Route {
  readonly from: string;
  readonly to: string;
  /** `Infinity`: only the link limits it. */
  readonly limitBytesPerS: number;
}

export function bytesPerS(world: World, route: Route): number {
  return Math.min(world.link.bandwidthBytesPerS, route.limitBytesPerS);
}

/** Bytes on their way; they stand still while the link is cut. */
export class Transfer {
  readonly totalBytes: number;
  readonly #world: World;
  readonly #route: Route;
  #settledBytes = 0;
  #flow: { readonly sinceEpochMs: number; readonly bytesPerS: number } | null = null;

  constructor(world: World, route: Route, totalBytes: number) {
    this.#world = world;
    this.#route = route;
    this.totalBytes = totalBytes;
  }

  /** What has arrived by now. */
  get doneBytes(): number {
    if (this.#flow === null) return this.#settledBytes;
    const elapsedMs = this.#world.clock.nowEpochMs() - this.#flow.sinceEpochMs;
    const flowedBytes = Math.floor((elapsedMs * this.#flow.bytesPerS) / 1_000);
    return Math.min(this.totalBytes, this.#settledBytes + flowedBytes);
  }

  /** 0 while nothing flows. */
  get bytesPerS(): number {
    return this.#flow?.bytesPerS ?? 0;
  }

  async run(whileAlive: () => boolean): Promise<void> {
    const { link } = this.#world;
    const { from, to } = this.#route;
    while (this.#settledBytes < this.totalBytes) {
      await this.#world.wait({ until: () => link.carries(from, to), whileAlive });
      await this.#flowOn(whileAlive);
    }
  }

  async #flowOn(whileAlive: () => boolean): Promise<void> {
    const { clock, link } = this.#world;
    const { revision } = link;
    const rate = bytesPerS(this.#world, this.#route);
    this.#flow = { sinceEpochMs: clock.nowEpochMs(), bytesPerS: rate };
    try {
      await this.#world.wait({
        until: () => link.revision !== revision,
        atMostMs: Math.ceil(((this.totalBytes - this.#settledBytes) * 1_000) / rate),
        whileAlive,
      });
    } finally {
      this.#settledBytes = this.doneBytes;
      this.#flow = null;
    }
  }
}
