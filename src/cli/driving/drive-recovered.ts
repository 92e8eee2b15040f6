import type { ParkedRun } from '../../engine/recovery.ts';
import type { Run } from '../../engine/run.ts';
import type { RunStore, RunSummary, StoredEvent } from '../../ports/run-store.ts';
import type { Composition } from '../compose.ts';
import type { Style, Surroundings } from '../display/presenters.ts';
import { followRun, followUuid } from '../display/run-events.ts';
import { exitStatus } from '../exit-status.ts';
import { waitingLines } from '../display/records/decision-words.ts';
import { shortIdLengthOf } from '../records/resolve-run.ts';
import { answerSignals } from './answer-signals.ts';
import type { Driven } from './drive-to-end.ts';
import { driveToEnd } from './drive-to-end.ts';
import { ShownRun } from './shown-run.ts';
import { untilWaiting } from './until-waiting.ts';

export interface RecoveryTask {
  /** What stands unfinished without a driver, as far as it was seen. */
  readonly candidates: readonly RunSummary[];
  /** Ids of runs that alone are to be taken up; `null`: all. */
  readonly only: readonly string[] | null;
  readonly style: Style;
  /** Of a run that waits for it: sent as soon as it is taken up. */
  readonly decision?: StoredEvent;
  /** Options that another command needs to find these runs. */
  readonly more: string;
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
  { candidates, decision, more, only, style }: RecoveryTask,
  surroundings: Surroundings,
): Promise<Recovery> {
  const { now, output } = surroundings;
  const idLength = shortIdLengthOf(candidates.map(({ id }) => id));
  const known = new Map<string, ShownRun>();
  const show = async (summary: RunSummary): Promise<ShownRun> => {
    const isAlone = decision !== undefined;
    const showing = { style, surroundings, idLength, isAlone };
    const one = await ShownRun.read(store, summary, showing);
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
      const uuid = followUuid(engine, run.id, one.uuid);
      const driven = { run, shown, presenter, reach, uuid, waiting: untilWaiting(run, more) };
      // It came to where it waits while nobody listened yet.
      if (decision === undefined && run.tags().has('awaitingConfirmation')) {
        const last = await store.summary(run.id);
        if (last !== null) waitingLines(last, now(), style).forEach((line) => output.print(line));
        return exitStatus.completed;
      }
      running.add(driven);
      if (decision !== undefined && !run.send(decision))
        presenter.notice('it waits for no decision any more, and goes on to its end');
      const { result, status } = await driveToEnd(driven, { hypervisors, output, style });
      running.delete(driven);
      // It was to go on, and waits again.
      return decision !== undefined && result.ended === 'waiting' ? exitStatus.rolledBack : status;
    };
    return { statuses: await Promise.all(runs.map(drive)), parked };
  } finally {
    releaseSignals();
  }
}
