import type { Engine } from '../engine/engine.ts';
import type { EngineEvents } from '../engine/events.ts';
import { mapTexts, redactText } from '../engine/redaction.ts';
import type { RunStore } from '../ports/run-store.ts';
import type { ReadSteps } from './feed.ts';
import { Feed } from './feed.ts';
import type { RunTeller } from './parts.ts';
import { Problem } from './problem.ts';
import { comment, message } from './sse.ts';

/** A silent connection is cut by what lies between. */
const heartbeatMs = 15_000;
/** Everybody who follows holds a socket. */
const followersMax = 2_000;

const told = [
  'run.started',
  'run.resumed',
  'state.entered',
  'effect.started',
  'effect.finished',
  'effect.failed',
  'progress',
  'run.finished',
  'run.broken',
] as const satisfies readonly (keyof EngineEvents)[];

interface FeedsParts {
  /** `null`: only the store tells of news. */
  readonly engine: Engine | null;
  readonly store: RunStore;
  readonly teller: Pick<RunTeller, 'toRun'>;
  /** How the steps of a run are told to those who follow it. */
  readonly readerOf: (runId: string) => ReadSteps;
}

/** Runs as they go on, for whoever follows them; one look at the store serves all. */
export class Feeds {
  readonly #parts: FeedsParts;
  readonly #feeds = new Map<string, { readonly feed: Feed; followers: number }>();
  readonly #closed = new AbortController();
  readonly #silence: () => void;
  #followers = 0;

  constructor(parts: FeedsParts) {
    this.#parts = parts;
    const { engine, store } = parts;
    const wake = ({ rootRunId }: { readonly rootRunId: string }): void =>
      this.#feeds.get(rootRunId)?.feed.wake();
    for (const name of told) engine?.on(name, wake);
    const silence = store.onChange(() => {
      for (const { feed } of this.#feeds.values()) feed.wake();
    });
    this.#silence = () => {
      silence();
      for (const name of told) engine?.off(name, wake);
    };
  }

  get followers(): number {
    return this.#followers;
  }

  /**
   * The event log of a run as server-sent events, from its record and then as it goes on. The id of
   * each is its place in the log.
   *
   * @param after so many are known already
   * @throws Problem 503
   */
  follow(runId: string, after: number, signal: AbortSignal): AsyncGenerator<string, void, void> {
    if (this.#closed.signal.aborted || this.#followers >= followersMax)
      throw new Problem({
        status: 503,
        code: 'followers',
        detail: 'no more followers are taken now',
        headers: { 'retry-after': '5' },
      });
    this.#followers += 1;
    const { feed } = this.#take(runId);
    return this.#tell(runId, feed, after, AbortSignal.any([signal, this.#closed.signal]));
  }

  /** Everybody who follows is let go, and comes back elsewhere or later. */
  close(): void {
    this.#silence();
    this.#closed.abort();
    for (const { feed } of this.#feeds.values()) feed.close();
  }

  #take(runId: string): { readonly feed: Feed; followers: number } {
    const { readerOf, store } = this.#parts;
    const known = this.#feeds.get(runId) ?? {
      feed: new Feed(runId, { store, toSteps: readerOf(runId) }),
      followers: 0,
    };
    this.#feeds.set(runId, known);
    known.followers += 1;
    return known;
  }

  #leave(runId: string): void {
    this.#followers -= 1;
    const known = this.#feeds.get(runId);
    if (known === undefined) return;
    known.followers -= 1;
    if (known.followers > 0) return;
    known.feed.close();
    this.#feeds.delete(runId);
  }

  async *#tell(
    runId: string,
    feed: Feed,
    after: number,
    signal: AbortSignal,
  ): AsyncGenerator<string, void, void> {
    const { promise: gone, resolve: go } = Promise.withResolvers<void>();
    signal.addEventListener('abort', () => go(), { once: true });
    let place = after;
    let progress: unknown = null;
    try {
      yield comment('virtstate');
      while (!signal.aborted) {
        const more = feed.more();
        for (const step of feed.steps.slice(place)) {
          place += 1;
          yield message('step', clean({ seq: place, ...step }), `${place}`);
        }
        if (feed.progress !== progress && feed.progress.length > 0 && feed.end === null) {
          ({ progress } = feed);
          yield message('progress', clean({ streams: feed.progress }));
        }
        if (feed.end !== null && place >= feed.steps.length) {
          const run = this.#parts.teller.toRun(feed.end);
          return yield message('run.finished', clean({ seq: place, run }), `${place}-end`);
        }
        const silent = await orSilent(Promise.race([more, gone]));
        if (silent) yield comment('still here');
      }
    } finally {
      this.#leave(runId);
    }
  }
}

const clean = <Value>(value: Value): Value => mapTexts(value, (text) => redactText(text, []));

/** Was there nothing for so long? */
async function orSilent(change: Promise<void>): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const timer = setTimeout(() => resolve(true), heartbeatMs);
  try {
    return await Promise.race([change.then(() => false), promise]);
  } finally {
    clearTimeout(timer);
  }
}
