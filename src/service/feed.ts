import { setTimeout as pause } from 'node:timers/promises';

import type { StreamProgress } from '../ports/observation.ts';
import type { JournalRow, RunStore, RunSummary } from '../ports/run-store.ts';

/** Steps that come at once are read at once: at most 20 looks a second for each run. */
const lookIntervalMs = 50;
/** A step that enters no state is told by nobody. */
const lookAnywayMs = 250;

const nothing = (): void => undefined;

/** Tells the rows of one journal, in their order, each once. */
export type ReadSteps = (rows: readonly JournalRow[]) => Promise<readonly object[]>;

/** What one run's event log says, read once for everybody who follows the run. */
export class Feed {
  readonly #runId: string;
  readonly #store: RunStore;
  readonly #toSteps: ReadSteps;
  readonly #stop = new AbortController();
  #steps: readonly object[] = [];
  #progress: readonly StreamProgress[] = [];
  #end: RunSummary | null = null;
  #failure: unknown = null;
  #changed = Promise.withResolvers<void>();
  #wake = nothing;

  constructor(runId: string, parts: { readonly store: RunStore; readonly toSteps: ReadSteps }) {
    this.#runId = runId;
    this.#store = parts.store;
    this.#toSteps = parts.toSteps;
    void this.#read();
  }

  /** All steps so far; the place of each is its id. */
  get steps(): readonly object[] {
    return this.#steps;
  }

  get progress(): readonly StreamProgress[] {
    return this.#progress;
  }

  /** The run has ended, and all of its steps are here. */
  get end(): RunSummary | null {
    return this.#end;
  }

  /** Resolves when there is more. @throws what the store threw */
  async more(): Promise<void> {
    if (this.#failure !== null) throw this.#failure;
    await this.#changed.promise;
  }

  /** Something may have happened. */
  wake(): void {
    this.#wake();
  }

  close(): void {
    this.#stop.abort();
    this.#tell();
  }

  async #read(): Promise<void> {
    const { signal } = this.#stop;
    try {
      while (!signal.aborted && this.#end === null) {
        const woken = new Promise<void>((resolve) => (this.#wake = resolve));
        const lookedAtMs = performance.now();
        await this.#look();
        const late = pause(lookAnywayMs, undefined, { signal }).catch(nothing);
        await Promise.race([woken, late]);
        // What comes after a silence waits for nothing.
        const restMs = lookedAtMs + lookIntervalMs - performance.now();
        if (restMs > 0) await pause(restMs, undefined, { signal }).catch(nothing);
      }
    } catch (error) {
      this.#failure = error;
      this.#tell();
    }
  }

  async #look(): Promise<void> {
    // Asked first: what has ended by then has no later step.
    const summary = await this.#store.summary(this.#runId);
    const rows = await this.#store.journal(this.#runId, this.#steps.length);
    const news = rows === null || rows.length === 0 ? [] : rows;
    const steps = news.length === 0 ? [] : await this.#toSteps(news);
    const progress = await this.#store.progress(this.#runId);
    const hasEnded = summary === null || summary.finishedAtEpochMs !== null;
    const hasMoved = JSON.stringify(progress) !== JSON.stringify(this.#progress);
    if (steps.length === 0 && !hasMoved && !hasEnded) return;
    this.#steps = [...this.#steps, ...steps];
    this.#progress = progress;
    if (hasEnded) this.#end = summary;
    if (summary === null) this.close();
    this.#tell();
  }

  #tell(): void {
    const { resolve } = this.#changed;
    this.#changed = Promise.withResolvers();
    resolve();
  }
}
