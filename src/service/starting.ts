import type { Run } from '../engine/run.ts';
import type { RunSummary } from '../ports/run-store.ts';
import type { RunId } from './idempotency.ts';
import type { Metrics } from './metrics.ts';
import type { ServiceParts } from './parts.ts';
import { Problem } from './problem.ts';

interface StartingParts extends Pick<ServiceParts, 'engine' | 'store'> {
  readonly metrics: Metrics;
}

interface Start {
  readonly machine: string;
  readonly input: unknown;
  /** How long it may wait for what other runs hold. */
  readonly waitMs: number;
  /** The caller has gone. */
  readonly signal: AbortSignal;
}

export interface Started {
  readonly run: RunSummary;
  /** It had been started before, with the same key. */
  readonly replayed: boolean;
}

/** Starts runs, each with its key once, whatever becomes of this process in between. */
export class Starting {
  readonly #parts: StartingParts;
  /** Under way, by the part of the id that is of the key. */
  readonly #underWay = new Map<
    string,
    { readonly id: string; readonly run: Promise<RunSummary> }
  >();

  constructor(parts: StartingParts) {
    this.#parts = parts;
  }

  /**
   * Resolves when the beginning of the run is on record.
   *
   * @param id of the key; `null`: without one
   * @throws Problem 409, 422, 503; EngineError; StoreError
   */
  async start(start: Start, id: RunId | null): Promise<Started> {
    if (id === null) return { run: await this.#begin(start), replayed: false };
    const underWay = this.#underWay.get(id.beginning);
    if (underWay !== undefined) {
      if (underWay.id !== id.id) throw otherUse();
      return { run: await underWay.run, replayed: true };
    }
    const run = this.#findOrBegin(start, id);
    const summary = run.then((found) => found.run);
    // Whoever came first hears of a failure by `run` itself.
    summary.catch(() => undefined);
    this.#underWay.set(id.beginning, { id: id.id, run: summary });
    try {
      return await run;
    } finally {
      this.#underWay.delete(id.beginning);
    }
  }

  async #findOrBegin(start: Start, id: RunId): Promise<Started> {
    const known = await this.#find(id);
    if (known !== null) return { run: known, replayed: true };
    try {
      return { run: await this.#begin(start, id.id), replayed: false };
    } catch (error) {
      // Another process on the same store may have been quicker: its run is on record then.
      const theirs = await this.#find(id);
      if (theirs === null) throw error;
      return { run: theirs, replayed: true };
    }
  }

  /** @throws Problem 422 where the key stands for another request */
  async #find({ beginning, id }: RunId): Promise<RunSummary | null> {
    const [known] = await this.#parts.store.list({ beginning, limit: 1 });
    if (known !== undefined && known.id !== id) throw otherUse();
    return known ?? null;
  }

  async #begin({ machine, input, waitMs, signal }: Start, runId?: string): Promise<RunSummary> {
    const { engine, metrics, store } = this.#parts;
    let isQueued = false;
    const onWait = (): void => {
      if (!isQueued) metrics.queue.inc();
      isQueued = true;
    };
    const patience = waitMs === 0 ? null : AbortSignal.timeout(waitMs);
    try {
      const run = await engine.start(machine, input, {
        ...(runId === undefined ? {} : { runId }),
        ...(patience === null
          ? { signal }
          : { wait: true, onWait, signal: AbortSignal.any([signal, patience]) }),
      });
      metrics.watch([run]);
      await begun(run);
      const summary = await store.summary(run.id);
      if (summary !== null) return summary;
      throw notOnRecord('nothing of it is on record');
    } catch (error) {
      if (isQueued && patience?.aborted === true)
        throw new Problem(
          { status: 409, code: 'busy', detail: 'other runs held what it needs for all that time' },
          { cause: error },
        );
      throw error;
    } finally {
      if (isQueued) metrics.queue.dec();
    }
  }
}

/** What the engine tells, it tells when it is durable. */
async function begun(run: Run): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  run.once('run.started', () => resolve());
  const ending = await Promise.race([promise, run.wait()]);
  if (ending !== undefined && ending.ended === 'broken') throw notOnRecord(ending.failure.message);
}

function notOnRecord(why: string): Problem {
  return new Problem({ status: 503, code: 'notStarted', detail: `the run did not begin: ${why}` });
}

function otherUse(): Problem {
  return new Problem({
    status: 422,
    code: 'idempotencyKeyReused',
    detail: 'this Idempotency-Key stands for another request: use a new one',
  });
}
