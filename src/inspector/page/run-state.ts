import { ChartBook } from './charts.ts';
import { followRun } from './follow.ts';
import type { Server } from './server.ts';
import { Story } from './story.ts';
import type { RunDetails, RunRow, Stream } from './wire.ts';

/** What is read again after news, at most so often. */
const detailsIntervalMs = 500;
/** A driver that died says nothing: it is looked for. */
const detailsAnywayMs = 2_000;

interface StateParts {
  readonly server: Server;
  readonly tell: (why: string | null) => void;
  /** Something is new. */
  readonly changed: () => void;
}

/** All that is known of a run, kept up to date until it is left. */
export class RunState {
  readonly story = new Story();
  readonly charts = new Map<string, ChartBook>();
  details: RunDetails | null = null;
  ending: RunRow | null = null;
  streams: readonly Stream[] = [];
  readonly #run: string;
  readonly #parts: StateParts;
  readonly #left = new AbortController();
  readonly #asked = new Set<string>();
  #readAtMs = -Infinity;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #hasFailed = false;

  constructor(run: string, parts: StateParts) {
    this.#run = run;
    this.#parts = parts;
    const { signal } = this.#left;
    const listeners = {
      steps: (steps: Parameters<Story['add']>[0]) => {
        this.story.add(steps);
        for (const { machine } of steps) void this.#needChart(machine);
        this.#readSoon(detailsIntervalMs);
        parts.changed();
      },
      progress: (streams: readonly Stream[]) => {
        this.streams = streams;
        parts.changed();
      },
      end: (ending: RunRow) => {
        this.ending = ending;
        this.#readSoon(0);
        parts.changed();
      },
      trouble: parts.tell,
    };
    followRun(parts.server, run, { listeners, signal }).catch((error: unknown) =>
      this.#fail(error),
    );
    this.#readSoon(0);
  }

  leave(): void {
    this.#left.abort();
    clearTimeout(this.#timer);
  }

  /** Soon enough, and not too often: many calls are one. */
  #readSoon(intervalMs: number): void {
    clearTimeout(this.#timer);
    const waitMs = Math.max(0, this.#readAtMs + intervalMs - performance.now());
    this.#timer = setTimeout(() => void this.#read(), waitMs);
  }

  async #read(): Promise<void> {
    this.#readAtMs = performance.now();
    const { changed, server } = this.#parts;
    try {
      this.details = await server.details(this.#run, this.#left.signal);
      if (this.streams.length === 0) this.streams = this.details.progress;
      if (this.#hasFailed) this.#parts.tell(null);
      this.#hasFailed = false;
      changed();
    } catch (error) {
      this.#fail(error);
    }
    const isOver = this.details !== null && this.details.finishedAt !== null;
    if (!isOver && !this.#left.signal.aborted) this.#readSoon(detailsAnywayMs);
  }

  async #needChart(machine: string): Promise<void> {
    if (this.#asked.has(machine)) return;
    this.#asked.add(machine);
    try {
      this.charts.set(machine, new ChartBook(await this.#parts.server.chart(machine)));
    } catch {
      // A machine that this version does not know any more: its run is told without a chart.
      this.charts.set(machine, new ChartBook({ id: machine, version: '', nodes: [] }));
    }
    this.#parts.changed();
  }

  #fail(error: unknown): void {
    if (this.#left.signal.aborted) return;
    this.#hasFailed = true;
    this.#parts.tell(error instanceof Error ? error.message : String(error));
  }
}
