import type { RunSummary } from '../../ports/run-store.ts';
import { compose } from '../compose.ts';
import type { Surroundings } from '../display/presenters.ts';
import { oneLine } from '../display/quantities.ts';
import { isWaiting } from '../display/records/decision-words.ts';
import { holderInShort, isDriven } from '../display/records/holder-words.ts';
import { mainStateOf } from '../display/records/main-state.ts';
import { parkedLines } from '../display/records/next-steps.ts';
import { driveRecovered } from '../driving/drive-recovered.ts';
import { decidedWords } from '../display/records/end-words.ts';
import { exitStatus } from '../exit-status.ts';
import { createLog } from '../log.ts';
import { readCommonOptions } from '../options/common-options.ts';
import { UsageError } from '../options/usage-error.ts';
import { noRuns, resolveRun } from '../records/resolve-run.ts';
import { tellDriver } from '../records/tell-driver.ts';
import { storePlaceOf, storeWords, withStore } from '../records/with-store.ts';

type Decision = 'confirm' | 'undo';

/**
 * `virtstate confirm` and `undo`: a run that waits for a person's word goes on with it, to its end: here,
 * or where another process drives it.
 *
 * @returns 0 where it was done, 1 where an undo was not and the run waits again
 * @throws UsageError, StoreError
 */
export async function decide(
  word: Decision,
  beginning: string,
  options: Record<string, unknown>,
  surroundings: Surroundings,
): Promise<number> {
  const { style, logLevel } = readCommonOptions(options);
  const { config, inspectUri, output, now } = surroundings;
  const place = storePlaceOf(options, surroundings);
  return withStore(
    place,
    async (store) => {
      const run = await resolveRun(store, beginning);
      const event = { type: `${word}.requested` };
      if (run.finishedAtEpochMs === null && isDriven(run)) {
        const endOf = (last: RunSummary) => decidedWords(word, last);
        return tellDriver(
          store,
          run,
          { command: word, event, style, waits: true, endOf },
          surroundings,
        );
      }
      refuseUnlessWaiting(run);
      const composition = compose({ config, inspectUri, log: createLog(logLevel, output), store });
      try {
        const more = storeWords(options);
        const task = { candidates: [run], only: [run.id], style, decision: event, more };
        const { parked, statuses } = await driveRecovered(composition, store, task, surroundings);
        const [status] = statuses;
        if (status !== undefined) return status;
        const last = (await store.summary(run.id)) ?? run;
        if (parked.length === 0) throw new UsageError(tooLate(last));
        parkedLines(last, now(), style).forEach((words) => output.print(words));
        return exitStatus.needsOperator;
      } finally {
        await composition.close();
      }
    },
    () => noRuns(beginning, place),
  );
}

const nameOf = ({ id, machine, subject }: RunSummary): string =>
  oneLine(`run ${id} (${subject ?? machine})`);

/** Of a run that nobody drives. @throws UsageError */
function refuseUnlessWaiting(run: RunSummary): void {
  const { finishedAtEpochMs, id, outcome, states } = run;
  if (finishedAtEpochMs !== null)
    throw new UsageError(`${nameOf(run)} has ended: ${outcome ?? 'no outcome'}`);
  if (isWaiting(run)) return;
  const where = `it stands in ${mainStateOf(states)} (${holderInShort(run)})`;
  const todo = `virtstate recover ${id} goes on with it`;
  throw new UsageError(`${nameOf(run)} waits for no decision: ${where}: ${todo}`);
}

/** Somebody else was faster. */
function tooLate(run: RunSummary): string {
  if (run.finishedAtEpochMs !== null)
    return `${nameOf(run)} has ended meanwhile: ${run.outcome ?? 'no outcome'}`;
  return `${nameOf(run)} has been taken up by ${holderInShort(run)} meanwhile`;
}
