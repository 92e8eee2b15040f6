import type { World } from './world.ts';

/** Two hosts, and a ceiling on what may go from one to the other, which may move. */
export interface Route {
  readonly from: string;
  readonly to: string;
  /** `Infinity`: only the link limits it. */
  readonly limitBytesPerS: () => number;
}

export function bytesPerS(world: World, route: Route): number {
  return Math.min(world.link.bandwidthBytesPerS, route.limitBytesPerS());
}

/** How long bytes may flow. */
export interface Flow {
  /** @throws CarrierDied as soon as it is false. */
  readonly whileAlive: () => boolean;
  /** Stops it before all bytes are there. */
  readonly until?: () => boolean;
  /** How long nobody may acknowledge anything; without it for ever. */
  readonly silenceMs?: number;
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

  get #rate(): number {
    const { from, to } = this.#route;
    return this.#world.link.carries(from, to) ? bytesPerS(this.#world, this.#route) : 0;
  }

  /** @returns whether somebody acknowledged it: `silent` when `silenceMs` are over */
  async run(flow: Flow): Promise<'over' | 'silent'> {
    const { until = () => false, silenceMs, whileAlive } = flow;
    while (this.#settledBytes < this.totalBytes && !until()) {
      const heard = await this.#world.wait({
        until: () => this.#rate > 0 || until(),
        ...(silenceMs !== undefined && { atMostMs: silenceMs }),
        whileAlive,
      });
      if (heard === 'elapsed') return 'silent';
      if (!until()) await this.#flowOn(flow);
    }
    return 'over';
  }

  async #flowOn({ whileAlive, until = () => false }: Flow): Promise<void> {
    const rate = this.#rate;
    this.#flow = { sinceEpochMs: this.#world.clock.nowEpochMs(), bytesPerS: rate };
    try {
      await this.#world.wait({
        until: () => this.#rate !== rate || until(),
        atMostMs: Math.ceil(((this.totalBytes - this.#settledBytes) * 1_000) / rate),
        whileAlive,
      });
    } finally {
      this.#settledBytes = this.doneBytes;
      this.#flow = null;
    }
  }
}
