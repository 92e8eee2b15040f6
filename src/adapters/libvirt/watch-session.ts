import type { CallOptions } from 'node-libvirt';
import type { Clock } from '../../ports/clock.ts';
import { FailureError } from '../../ports/failure.ts';
import type { WatchRequest } from '../../ports/hypervisor.ts';
import { boundedCall, callTimeoutMs } from './bounded-call.ts';
import type { HostConnection } from './host-connection.ts';
import type { Seen } from './observations.ts';
import { ProgressMeter } from './progress.ts';

/** Seen, but not told yet; `isKnown`: there is no more to be learnt of it. */
interface Untold {
  readonly atEpochMs: number;
  seen: Seen;
  isKnown: boolean;
}

/** One watch for as long as one connection lasts: what its events and its reads share. */
export class WatchSession {
  readonly request: WatchRequest;
  /** Aborted when the watch ends or the connection is lost; nothing more is seen after it. */
  readonly ended: AbortSignal;
  readonly meter = new ProgressMeter();
  readonly #host: HostConnection;
  readonly #clock: Clock;
  readonly #pausing = new Set<() => void>();
  readonly #resting = new Set<() => void>();
  readonly #untold: Untold[] = [];
  #eventCount = 0;

  constructor(
    host: HostConnection,
    watch: { readonly request: WatchRequest; readonly clock: Clock; readonly ended: AbortSignal },
  ) {
    const { clock, ended, request } = watch;
    this.request = request;
    this.ended = ended;
    this.#host = host;
    this.#clock = clock;
    const end = (): void => {
      for (const untold of this.#untold.splice(0)) this.#observe(untold);
      this.#wake();
      for (const resume of this.#resting) resume();
    };
    ended.addEventListener('abort', end, { once: true });
  }

  nowEpochMs(): number {
    return this.#clock.nowEpochMs();
  }

  tell(seen: Seen): void {
    if (this.ended.aborted) return;
    this.#untold.push({ seen, atEpochMs: this.nowEpochMs(), isKnown: true });
    this.#tellKnown();
  }

  /**
   * Tells what was seen together with what only a question tells; whatever is seen meanwhile waits
   * behind it, so that the order stays. When the session ends first, it is told as it was seen.
   */
  async tellOnceAsked(seen: Seen, ask: () => Promise<Seen>): Promise<void> {
    if (this.ended.aborted) return;
    const untold: Untold = { seen, atEpochMs: this.nowEpochMs(), isKnown: false };
    this.#untold.push(untold);
    untold.seen = await ask();
    untold.isKnown = true;
    this.#tellKnown();
  }

  #tellKnown(): void {
    for (let first = this.#untold[0]; first?.isKnown === true; first = this.#untold[0]) {
      this.#untold.shift();
      this.#observe(first);
    }
  }

  #observe({ atEpochMs, seen }: Untold): void {
    this.request.observe({ ...seen, atEpochMs });
  }

  tellProgress(): void {
    const streams = this.meter.streams();
    if (!this.ended.aborted && streams.length > 0) this.request.progress(streams);
  }

  /** To be called with every event of the domain; what would be read later is read at once. */
  noteEvent(): void {
    this.#eventCount += 1;
    this.#wake();
  }

  /**
   * Reads until no event came in between, since such an answer may be older than what was told.
   * `null` when the daemon refused, or the session ended.
   */
  async read<T>(ask: (options: CallOptions) => Promise<T>): Promise<T | null> {
    let eventCount: number;
    let answer: T | null;
    do {
      eventCount = this.#eventCount;
      answer = await this.ask(ask);
      if (this.ended.aborted) return null;
    } while (eventCount !== this.#eventCount);
    return answer;
  }

  /** `null` when the daemon refused, did not answer in time, or the session ended. */
  async ask<T>(
    call: (options: CallOptions) => Promise<T>,
    timeoutMs: number = callTimeoutMs,
  ): Promise<T | null> {
    try {
      return await boundedCall(
        {
          uri: this.#host.uri,
          effectOfErrorReply: 'none',
          signal: this.ended,
          timeoutMs,
          ...(timeoutMs === callTimeoutMs && { onTimeout: () => void this.#host.suspect() }),
        },
        (signal) => call({ signal }),
      );
    } catch (error) {
      // What nobody foresaw is a bug of ours, and a watch that goes silent would hide it.
      if (error instanceof FailureError && error.failure.code !== 'internal') return null;
      throw error;
    }
  }

  /** Until the time is over, an event of the domain arrives, or the session ends. */
  pause(delayMs: number): Promise<void> {
    return this.#waitFor(delayMs, this.#pausing);
  }

  /** Until the time is over or the session ends, whatever happens to the domain meanwhile. */
  rest(delayMs: number): Promise<void> {
    return this.#waitFor(delayMs, this.#resting);
  }

  async #waitFor(delayMs: number, waiting: Set<() => void>): Promise<void> {
    if (this.ended.aborted) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const cancel = this.#clock.schedule(this.nowEpochMs() + delayMs, resolve);
    waiting.add(resolve);
    await promise;
    waiting.delete(resolve);
    cancel();
  }

  #wake(): void {
    for (const resume of this.#pausing) resume();
  }
}
