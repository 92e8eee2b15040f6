/** How often a silent peer is asked whether it lives, and how many questions it may leave unanswered. */
export interface KeepAliveOptions {
  readonly intervalMs: number;
  readonly count: number;
}

export interface KeepAliveTarget {
  /**
   * False while silence proves nothing: libvirtd stops reading a connection that has 5 calls in progress
   * (`max_client_requests`), so it answers no ping there although it is well.
   */
  isConclusive(): boolean;
  ping(): void;
  /** Asked in place of a ping that would prove nothing: is the daemon alive, as seen from elsewhere? */
  isReachable(): Promise<boolean>;
  giveUp(): void;
}

/** Watches for signs of life. One timer for the connection's life; the hot path only sets a flag. */
export class KeepAlive {
  readonly #target: KeepAliveTarget;
  readonly #count: number;
  readonly #timer: NodeJS.Timeout;
  #heard = false;
  #silentIntervals = 0;
  #isAsking = false;

  constructor(target: KeepAliveTarget, options: KeepAliveOptions) {
    this.#target = target;
    this.#count = options.count;
    this.#timer = setInterval(() => this.#tick(), options.intervalMs);
    // The socket keeps the process alive as long as there is something to wait for.
    this.#timer.unref();
  }

  heard(): void {
    this.#heard = true;
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #tick(): void {
    if (this.#heard) {
      this.#heard = false;
      this.#silentIntervals = 0;
      return;
    }
    if (this.#silentIntervals < this.#count) {
      this.#silentIntervals += 1;
      if (this.#target.isConclusive()) this.#target.ping();
    } else if (this.#target.isConclusive()) {
      this.#target.giveUp();
    } else {
      void this.#askElsewhere();
    }
  }

  async #askElsewhere(): Promise<void> {
    if (this.#isAsking) return;
    this.#isAsking = true;
    const isReachable = await this.#target.isReachable();
    this.#isAsking = false;
    if (isReachable) this.#silentIntervals = 0;
    else if (!this.#heard) this.#target.giveUp();
  }
}
