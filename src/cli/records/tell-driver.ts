import type { RunStore, RunSummary, StoredEvent } from '../../ports/run-store.ts';
import type { RunEndWords } from '../display/records/end-words.ts';
import type { Style, Surroundings } from '../display/presenters.ts';
import { isTaken, replyToLine, replyToWords, statusOfReply } from '../display/records/reply.ts';
import { toRunObject } from '../display/records/run-list.ts';
import { exitStatus } from '../exit-status.ts';
import { askRun } from './ask-run.ts';
import { followToEnd } from './follow-end.ts';

interface Telling {
  /** As a person says it. */
  readonly command: string;
  readonly event: StoredEvent;
  readonly style: Style;
  /** False: it ends as soon as the run was told. */
  readonly waits: boolean;
  readonly endOf: (last: RunSummary) => RunEndWords;
}

/**
 * Tells a run something by its inbox, whoever drives it, and waits for what comes of it.
 *
 * @returns the exit status
 * @throws StoreError
 */
export async function tellDriver(
  store: RunStore,
  run: RunSummary,
  { command, endOf, event, style, waits }: Telling,
  { isQuiet = false, now, output }: Surroundings,
): Promise<number> {
  const reply = await askRun(store, run, event);
  const told = { run, command, reply };
  if (style === 'json') output.print(JSON.stringify(replyToLine(told, now())));
  if (!isTaken(reply)) {
    output.say(`virtstate: ${replyToWords(told)}`);
    return statusOfReply(reply);
  }
  const hint = waits ? '; waiting for the end (Ctrl-C leaves it to whoever drives it)' : '';
  if (style === 'words' && !isQuiet) output.print(`${replyToWords(told)}${hint}`);
  if (!waits) return exitStatus.completed;
  const last = await seeTheEnd(store, run);
  const { isSeen, status, words } = endOf(last);
  if (style === 'json') output.print(JSON.stringify({ type: 'run', ...toRunObject(last) }));
  else if (isSeen) output.print(words);
  if (!isSeen) output.say(`virtstate: ${words}`);
  return status;
}

/** The run as it stood last: ended, waiting for a decision, or left by its process, or by us. */
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
