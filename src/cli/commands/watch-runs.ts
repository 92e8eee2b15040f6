import { setTimeout as pause } from 'node:timers/promises';

import type { RunFilter, RunStore, RunSummary } from '../../ports/run-store.ts';
import { LiveScreen } from '../display/live-screen.ts';
import type { Style, Surroundings } from '../display/presenters.ts';
import { fit } from '../display/quantities.ts';
import { toRunObject, toRunTable } from '../display/records/run-list.ts';
import { shortIdLengthOf } from '../records/resolve-run.ts';
import { stopSignal } from '../serving/listening.ts';

export interface Watched {
  readonly filter: RunFilter;
  readonly limit: number;
  readonly style: Style;
  /** What is said of an empty list. */
  readonly nothing: readonly string[];
}

type Watchable = Pick<RunStore, 'list' | 'summary' | 'onChange'>;

/** Who drives a run, and whether he lives, changes without a word of the store. */
const againMs = 1_000;

/** Shows runs as they are until somebody stops it: redrawn in place, or a line for each that changed. */
export async function watchRuns(
  store: Watchable,
  watched: Watched,
  surroundings: Surroundings,
): Promise<void> {
  const { environment, terminal } = surroundings;
  const isDrawn = watched.style === 'words' && terminal !== null && environment['TERM'] !== 'dumb';
  const { filter, limit } = watched;
  const stop = stopSignal();
  const stopped = new AbortController();
  void stop.asked.then(() => stopped.abort());
  const view = isDrawn
    ? drawn(watched, surroundings, terminal)
    : told(watched, store, surroundings);
  try {
    while (!stopped.signal.aborted) {
      const changed = Promise.withResolvers<void>();
      const silence = store.onChange(() => changed.resolve());
      await view.show(await store.list({ ...filter, limit }));
      await Promise.race([changed.promise, pause(againMs, null, { ref: true }), stop.asked]);
      silence();
    }
  } finally {
    stop.release();
    view.close();
  }
}

interface View {
  show(runs: readonly RunSummary[]): Promise<void> | void;
  close(): void;
}

function drawn(
  { nothing }: Watched,
  { output }: Surroundings,
  terminal: NonNullable<Surroundings['terminal']>,
): View {
  let lines: readonly string[] = [];
  const screen = new LiveScreen({
    terminal,
    output,
    intervalMs: againMs,
    render: (columns) => lines.map((line) => fit(line, columns)),
  });
  return {
    show: (runs) => {
      const idLength = shortIdLengthOf(runs.map(({ id }) => id));
      lines = runs.length === 0 ? nothing : toRunTable(runs, idLength);
      screen.draw();
    },
    close: () => screen.close(),
  };
}

/** What is not listed any more is told once more as it is now. */
function told({ nothing, style }: Watched, store: Watchable, { output }: Surroundings): View {
  const known = new Map<string, string>();
  const tell = (run: RunSummary): void => {
    const object = { type: 'run', ...toRunObject(run) };
    const state = JSON.stringify({ ...object, drivenBy: run.holder?.alive ?? null });
    if (known.get(run.id) === state) return;
    known.set(run.id, state);
    if (style === 'json') output.print(JSON.stringify(object));
    else output.print(toRunTable([run], run.id.length).slice(1).join(''));
  };
  let isFirst = true;
  return {
    show: async (runs) => {
      if (isFirst && runs.length === 0 && style === 'words')
        nothing.forEach((line) => output.print(line));
      isFirst = false;
      runs.toReversed().forEach(tell);
      const listed = new Set(runs.map(({ id }) => id));
      for (const id of [...known.keys()].filter((one) => !listed.has(one))) {
        const run = await store.summary(id);
        if (run !== null) tell(run);
        known.delete(id);
      }
    },
    close: () => undefined,
  };
}
