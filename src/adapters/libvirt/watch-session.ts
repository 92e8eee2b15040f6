import { ConnectionLostError, LibvirtError, ProtocolError, type Connection } from 'node-libvirt';
import type { Clock } from '../../ports/clock.ts';
import type { WatchRequest } from '../../ports/hypervisor.ts';
import type { Seen } from './observations.ts';
import { ProgressMeter } from './progress.ts';

/** One watch on one connection: what its events and its reads share. */
export class WatchSession {
  readonly connection: Connection;
  readonly request: WatchRequest;
  /** Aborted when the watch ends or the connection is lost; nothing is told after it. */
  readonly ended: AbortSignal;
  readonly meter = new ProgressMeter();
  readonly #clock: Clock;
  readonly #pausing = new Set<() => void>();
  #eventCount = 0;

  constructor(connection: Connection, request: WatchRequest, clock: Clock, ended: AbortSignal) {
    this.connection = connection;
    this.request = request;
    this.ended = ended;
    this.#clock = clock;
    ended.addEventListener('abort', () => this.#wake(), { once: true });
  }

  nowEpochMs(): number {
    return this.#clock.nowEpochMs();
  }

  tell(seen: Seen): void {
    if (!this.ended.aborted) this.request.observe({ ...seen, atEpochMs: this.nowEpochMs() });
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
  async read<T>(ask: () => Promise<T>): Promise<T | null> {
    let eventCount: number;
    let answer: T | null;
    do {
      eventCount = this.#eventCount;
      answer = await this.#ask(ask);
      if (this.ended.aborted) return null;
    } while (eventCount !== this.#eventCount);
    return answer;
  }

  /** Until the time is over, an event of the domain arrives, or the session ends. */
  async pause(delayMs: number): Promise<void> {
    if (this.ended.aborted) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const cancel = this.#clock.schedule(this.nowEpochMs() + delayMs, resolve);
    this.#pausing.add(resolve);
    await promise;
    this.#pausing.delete(resolve);
    cancel();
  }

  async #ask<T>(ask: () => Promise<T>): Promise<T | null> {
    try {
      return await ask();
    } catch (error) {
      const isPeers =
        error instanceof LibvirtError ||
        error instanceof ConnectionLostError ||
        error instanceof ProtocolError;
      if (isPeers || this.ended.aborted) return null;
      throw error;
    }
  }

  #wake(): void {
    for (const resume of this.#pausing) resume();
  }
}
