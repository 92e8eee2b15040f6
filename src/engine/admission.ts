import type { Clock } from '../ports/clock.ts';
import type { LockRequest, LockVerdict, RunStore, RunSummary } from '../ports/run-store.ts';
import { BusyError, EngineError } from './engine-error.ts';
import { redactText } from './redaction.ts';
import type { About } from './slots.ts';

/** How many runs may be at work at once. */
export interface Limits {
  /** On one daemon. */
  readonly perHost: number;
  /** `null`: as many as there are. */
  readonly total: number | null;
}

export interface StartOptions {
  /** That the run shall have, and no other run on record has; by default a new one. */
  readonly runId?: string;
  /** Queues behind whoever holds its locks, in fair order. */
  readonly wait?: boolean;
  /** Gives up the place in the queue. */
  readonly signal?: AbortSignal;
  /** Told while it queues, whenever somebody moved: who is before it. */
  readonly onWait?: (place: BusyError) => void;
}

/** Everything that a run needs for itself before it may begin, in one order for all. */
export function locksFor(about: About | null, { perHost, total }: Limits): LockRequest[] {
  const hosts = [...new Set(about?.hosts)].toSorted();
  const locks = [
    ...(about?.locks ?? []),
    ...hosts.map((host) => ({ name: `host ${host}`, capacity: perHost })),
    ...(total === null ? [] : [{ name: 'all runs', capacity: total }]),
  ];
  // A connection URI may hold what nobody is to read.
  return locks.map(({ name, capacity }) => ({ name: redactText(name, []), capacity }));
}

/** A process that dies tells nobody: whoever waits for what it held asks again. */
const askAgainMs = 1000;

/** Lets runs begin: all of their locks or none, whoever came first goes first. */
export class Admission {
  readonly #store: RunStore;
  readonly #clock: Clock;
  readonly #waiting = new Set<() => void>();
  readonly #closed = new AbortController();

  constructor(store: RunStore, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  /** Something has changed that others may wait for. */
  wake(): void {
    for (const wake of this.#waiting) wake();
    this.#waiting.clear();
  }

  /** Nobody is let in any more; whoever waits gives up. */
  close(): void {
    this.#closed.abort(new EngineError('closed', 'the engine was closed'));
    this.wake();
  }

  /**
   * @throws BusyError without `wait`; the signal's reason; EngineError closed; StoreError
   */
  async admit(
    runId: string,
    locks: readonly LockRequest[],
    { wait = false, signal, onWait }: StartOptions,
  ): Promise<void> {
    if (locks.length === 0) return;
    const given = AbortSignal.any([this.#closed.signal, ...(signal === undefined ? [] : [signal])]);
    try {
      for (;;) {
        given.throwIfAborted();
        const changed = this.#change(given);
        const verdict = await this.#store.acquire(runId, locks, { wait });
        if (verdict.granted) break;
        const place = await this.#busy(verdict);
        if (!wait) throw place;
        onWait?.(place);
        await this.#orInAWhile(changed);
      }
      given.throwIfAborted();
    } catch (error) {
      await this.#store.withdraw(runId).catch(() => undefined);
      // Whoever came next in this engine may go now; the store tells other engines only.
      this.wake();
      throw error;
    }
  }

  /** The next change, asked for before the locks are: what happens in between is not missed. */
  #change(signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.add(resolve);
    signal.addEventListener('abort', () => resolve(), { once: true });
    return promise;
  }

  async #orInAWhile(changed: Promise<void>): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const cancel = this.#clock.schedule(this.#clock.nowEpochMs() + askAgainMs, resolve);
    await Promise.race([changed, promise]);
    cancel();
  }

  async #busy({ name, holders, ahead }: LockVerdict & { granted: false }): Promise<BusyError> {
    const found = await Promise.all(holders.map((holder) => this.#store.summary(holder)));
    const known = found.filter((summary) => summary !== null);
    const who =
      holders.length === 0
        ? `${ahead} other runs came first`
        : holders
            .map((id) =>
              describe(
                id,
                known.find((one) => one.id === id),
              ),
            )
            .join('; ');
    const message = `${name} is taken: ${who}. Nothing was started. Queue behind it with \`wait\``;
    return new BusyError(message, { lock: name, holders: known, ahead });
  }
}

function describe(id: string, summary: RunSummary | undefined): string {
  if (summary === undefined) return `run ${id} is about to begin`;
  const { machine, states, holder, parked } = summary;
  const where = `run ${id} (${machine}) is in ${states.join(', ')}`;
  if (parked !== null)
    return `${where}, and nobody could take it over: look at it with "show ${id}"`;
  if (holder?.alive === true)
    return `${where}, driven by process ${holder.pid} on ${holder.hostname}; end it with "abort ${id}"`;
  return `${where}, and nobody drives it: go on with it by "recover"`;
}
