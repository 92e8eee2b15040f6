import type { ParkedRun } from '../../engine/recovery.ts';
import type { Run } from '../../engine/run.ts';
import type { RunStore, RunSummary } from '../../ports/run-store.ts';
import type { Composition } from '../compose.ts';
import type { Style, Surroundings } from '../display/presenters.ts';
import { followRun, followUuid } from '../display/run-events.ts';
import { shortIdLengthOf } from '../records/resolve-run.ts';
import { answerSignals } from './answer-signals.ts';
import type { Driven } from './drive-to-end.ts';
import { driveToEnd } from './drive-to-end.ts';
import { ShownRun } from './shown-run.ts';

export interface RecoveryTask {
  /** What stands unfinished without a driver, as far as it was seen. */
  readonly candidates: readonly RunSummary[];
  /** Ids of runs that alone are to be taken up; `null`: all. */
  readonly only: readonly string[] | null;
  readonly style: Style;
}

export interface Recovery {
  /** One for each run that was driven to its end here, or left. */
  readonly statuses: readonly number[];
  readonly parked: readonly ParkedRun[];
}

/** Takes up what nobody drives, shows it, and drives it to its end. @throws StoreError */
export async function driveRecovered(
  { engine, hypervisors }: Pick<Composition, 'engine' | 'hypervisors'>,
  store: RunStore,
  { candidates, only, style }: RecoveryTask,
  surroundings: Surroundings,
): Promise<Recovery> {
  const { output } = surroundings;
  const idLength = shortIdLengthOf(candidates.map(({ id }) => id));
  const known = new Map<string, ShownRun>();
  const show = async (summary: RunSummary): Promise<ShownRun> => {
    const one = await ShownRun.read(store, summary, { style, surroundings, idLength });
    followRun(engine, summary.id, (event) => one.presenter.show(event));
    known.set(summary.id, one);
    return one;
  };
  // Before the engine takes them up, for it tells of them at once.
  for (const summary of candidates) await show(summary);
  output.onClosed(() =>
    output.say('virtstate: nobody reads standard output any more; what was taken up goes on'),
  );
  const running = new Set<Driven>();
  const releaseSignals = answerSignals(engine, () => [...running], output);
  try {
    const { runs, parked } = await engine.recover(only ?? undefined);
    const drive = async (run: Run): Promise<number> => {
      // One that was left while we looked is shown from now on.
      const summary = known.has(run.id) ? null : await store.summary(run.id);
      const one = known.get(run.id) ?? (summary === null ? null : await show(summary));
      if (one === null) throw new Error(`run ${run.id} is driven and not on record`);
      const { shown, presenter } = one;
      const reach = one.reach ?? shown.places.map(({ uri }) => uri);
      const driven = { run, shown, presenter, reach, uuid: followUuid(engine, run.id, one.uuid) };
      running.add(driven);
      const { status } = await driveToEnd(driven, { hypervisors, output, style });
      running.delete(driven);
      return status;
    };
    return { statuses: await Promise.all(runs.map(drive)), parked };
  } finally {
    releaseSignals();
  }
}
