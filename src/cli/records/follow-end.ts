import { setTimeout as pause } from 'node:timers/promises';

import type { RunStore, RunSummary } from '../../ports/run-store.ts';
import { isDriven } from '../display/records/holder-words.ts';

const lookIntervalMs = 200;

/**
 * Waits until a run has ended, or until nobody drives it any more.
 *
 * @throws the signal's reason
 */
export async function followToEnd(
  store: Pick<RunStore, 'summary'>,
  run: RunSummary,
  signal: AbortSignal,
): Promise<RunSummary> {
  let last = run;
  while (last.finishedAtEpochMs === null && isDriven(last)) {
    await pause(lookIntervalMs, undefined, { signal });
    last = (await store.summary(run.id)) ?? last;
  }
  return last;
}
