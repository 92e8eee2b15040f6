import { z } from 'zod';

import type { RunStore, RunSummary } from '../../ports/run-store.ts';
import type { Surroundings } from '../display/presenters.ts';
import { oneLine } from '../display/quantities.ts';
import { isTaken, replyToLine, replyToWords, statusOfReply } from '../display/records/reply.ts';
import { toRunObject } from '../display/records/run-list.ts';
import { exitStatus } from '../exit-status.ts';
import { readCommonOptions } from '../options/common-options.ts';
import { askRun } from '../records/ask-run.ts';
import { followToEnd } from '../records/follow-end.ts';
import { noRuns, resolveRun } from '../records/resolve-run.ts';
import { storePlaceOf, withStore } from '../records/with-store.ts';

const ownOptions = z.object({ wait: z.boolean() });

/**
 * `virtstate abort`: asks a run to undo what it did, and waits until it has.
 *
 * @returns 0 where it was undone, 1 where it came to its end all the same, 2 where it may not be
 *   aborted now, 3 where an operator is needed, 75 where its end was not seen
 * @throws UsageError, StoreError
 */
export async function abort(
  beginning: string,
  options: Record<string, unknown>,
  surroundings: Surroundings,
): Promise<number> {
  const { style } = readCommonOptions(options);
  const { wait } = ownOptions.parse(options);
  const { output, now } = surroundings;
  const place = storePlaceOf(options, surroundings);
  return withStore(
    place,
    async (store) => {
      const run = await resolveRun(store, beginning);
      const reply = await askRun(store, run, { type: 'abort.requested' });
      const told = { run, command: 'abort', reply };
      if (style === 'json') output.print(JSON.stringify(replyToLine(told, now())));
      if (!isTaken(reply)) {
        output.say(`virtstate: ${replyToWords(told)}`);
        return statusOfReply(reply);
      }
      if (!wait) {
        if (style === 'words') output.print(replyToWords(told));
        return exitStatus.completed;
      }
      const hint = 'waiting for the end (Ctrl-C leaves it to whoever drives it)';
      if (style === 'words') output.print(`${replyToWords(told)}; ${hint}`);
      const last = await seeTheEnd(store, run);
      const { words, status } = endOf(last);
      if (style === 'json') output.print(JSON.stringify({ type: 'run', ...toRunObject(last) }));
      else if (last.finishedAtEpochMs !== null) output.print(words);
      if (last.finishedAtEpochMs === null) output.say(`virtstate: ${words}`);
      return status;
    },
    () => noRuns(beginning, place),
  );
}

/** The run as it stood last: ended, or left by its process, or by us. */
async function seeTheEnd(store: RunStore, run: RunSummary): Promise<RunSummary> {
  const stop = new AbortController();
  const interrupt = (): void => stop.abort();
  process.on('SIGINT', interrupt);
  process.on('SIGTERM', interrupt);
  try {
    return await followToEnd(store, run, stop.signal);
  } catch (error) {
    if (stop.signal.aborted) return (await store.summary(run.id)) ?? run;
    throw error;
  } finally {
    process.off('SIGINT', interrupt);
    process.off('SIGTERM', interrupt);
  }
}

function endOf(run: RunSummary): { readonly words: string; readonly status: number } {
  const name = oneLine(run.subject ?? run.machine);
  const more = `virtstate show ${run.id}`;
  if (run.finishedAtEpochMs === null) {
    const words = `the end of run ${run.id} was not seen: ${more} tells where it stands`;
    return { words, status: exitStatus.left };
  }
  switch (run.outcome) {
    case 'rolledBack':
    case 'refused':
      return { words: `undone: ${name} is as before`, status: exitStatus.completed };
    case 'completed':
      return {
        words: `completed all the same: it was too late to abort (${more})`,
        status: exitStatus.rolledBack,
      };
    case 'needsOperator':
      return { words: `needs an operator: ${more} says why`, status: exitStatus.needsOperator };
    default:
      return { words: `virtstate itself failed: ${more} says why`, status: exitStatus.broken };
  }
}
