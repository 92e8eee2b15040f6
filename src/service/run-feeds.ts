import type { JournalRow } from '../ports/run-store.ts';
import type { Engine } from '../engine/engine.ts';
import type { ReadSteps } from './feed.ts';
import { Feeds } from './feeds.ts';
import type { ReadingParts } from './parts.ts';

interface RunFeedsParts extends Pick<ReadingParts, 'store' | 'teller' | 'inspector'> {
  readonly engine: Engine | null;
}

/** Runs as they go on: step by step, and, for the inspector, with all that each step changed. */
export class RunFeeds {
  readonly steps: Feeds;
  readonly frames: Feeds;

  constructor(parts: RunFeedsParts) {
    const { inspector, store, teller } = parts;
    this.steps = new Feeds({
      ...parts,
      readerOf: (runId) => (rows) => teller.toSteps(runId, rows),
    });
    this.frames = new Feeds({
      ...parts,
      readerOf: (runId): ReadSteps => {
        const toFrames = inspector.frames(() => store.family(runId));
        return async (rows: readonly JournalRow[]) => {
          const steps = await teller.toSteps(runId, rows);
          const frames = await toFrames(rows);
          return steps.map((step, at) => ({ ...step, ...frames[at] }));
        };
      },
    });
  }

  get followers(): number {
    return this.steps.followers + this.frames.followers;
  }

  close(): void {
    this.steps.close();
    this.frames.close();
  }
}
