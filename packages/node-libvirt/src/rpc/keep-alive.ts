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
  giveUp(): void;
}

/**
 * Asks a silent peer for a sign of life. One timer for the connection's life; the hot path only sets a flag.
 */
export class KeepAlive {
  readonly #target: KeepAliveTarget;
  readonly #count: number;
  readonly #timer: NodeJS.Timeout;
  #heard = false;
  #unanswered = 0;

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
    if (this.#heard || !this.#target.isConclusive()) {
      this.#heard = false;
      this.#unanswered = 0;
      return;
    }
    if (this.#unanswered >= this.#count) {
      this.stop();
      this.#target.giveUp();
      return;
    }
    this.#unanswered += 1;
    this.#target.ping();
  }
}
