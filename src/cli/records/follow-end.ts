import { setTimeout as pause } from 'node:timers/promises';

import type { RunStore, RunSummary } from '../../ports/run-store.ts';
import { isWaiting } from '../display/records/decision-words.ts';
import { isDriven } from '../display/records/holder-words.ts';

const lookIntervalMs = 200;

/**
 * Waits until a run that was told something has ended, until it waits for a decision (again), or until nobody
 * drives it any more.
 *
 * @param run as it stood before it was told
 * @throws the signal's reason
 */
export async function followToEnd(
  store: Pick<RunStore, 'summary'>,
  run: RunSummary,
  signal: AbortSignal,
): Promise<RunSummary> {
  let last = (await store.summary(run.id)) ?? run;
  while (last.finishedAtEpochMs === null && isDriven(last) && !isWaiting(last)) {
    await pause(lookIntervalMs, undefined, { signal });
    last = (await store.summary(run.id)) ?? last;
  }
  return last;
}
