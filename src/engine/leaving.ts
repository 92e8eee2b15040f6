import type { Failure } from '../ports/failure.ts';
import { toFailure } from '../ports/failure.ts';
import type { Log } from '../ports/log.ts';
import type { RunStore } from '../ports/run-store.ts';

/**
 * A run whose last step the store refused: gives it up for whoever recovers, and tells what is on
 * record of it. Never throws: a store that refuses once may refuse everything.
 */
export async function leaveToRecovery(
  store: RunStore,
  rootId: string,
  { code, message }: Failure,
  log: Log,
): Promise<Failure> {
  const words = await wordsOnRecord(store, rootId);
  try {
    await store.release([rootId]);
    // Only what never began has locks to give back here.
    await store.withdraw(rootId);
  } catch (error) {
    log.warn('a run could not be given up', { run: rootId, failure: toFailure(error) });
  }
  return {
    code,
    message: `the run's record could not be made durable: ${message}; nothing of this step was done. ${words}`,
    effect: 'unknown',
  };
}

async function wordsOnRecord(store: RunStore, rootId: string): Promise<string> {
  try {
    const summary = await store.summary(rootId);
    if (summary === null) return 'Nothing of the run is on record: it has not begun';
    const { finishedAtEpochMs, outcome, states } = summary;
    if (finishedAtEpochMs !== null) return `On record it has ended: ${outcome ?? 'no outcome'}`;
    return `On record it stands in ${states.join(', ')}: "virtstate recover" goes on from there`;
  } catch (error) {
    return `What is on record could not be read either (${toFailure(error).message}): mend the store, then "virtstate recover" goes on from there`;
  }
}

/** Never throws: where the store cannot tell, nobody else's run was seen. */
export async function isOnRecord(store: RunStore, rootId: string): Promise<boolean> {
  try {
    return (await store.summary(rootId)) !== null;
  } catch {
    return false;
  }
}

/** The end, for this process, of a run whose engine was closed. */
export function leftBehind(states: readonly string[]): Failure {
  return {
    code: 'engineClosed',
    message: `the engine was closed while the run was in ${states.join(', ')}: "virtstate recover" goes on from there`,
    effect: 'unknown',
  };
}
