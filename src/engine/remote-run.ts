import type { Clock } from '../ports/clock.ts';
import type { InboxAnswer, RunStore, StoredEvent } from '../ports/run-store.ts';
import { StoreError } from '../ports/run-store.ts';
import { EngineError } from './engine-error.ts';

/** How long a process that drives a run may take to answer; it is meant to take 100 ms. */
const answerWithinMs = 10_000;

interface Post {
  readonly store: RunStore;
  readonly clock: Clock;
  readonly runId: string;
  readonly event: StoredEvent;
}

const nothing = (): void => undefined;

/**
 * Sends an event to whoever drives the run, by its inbox.
 *
 * @throws EngineError notAnswered; StoreError noRun
 */
export async function postEvent({ store, clock, runId, event }: Post): Promise<InboxAnswer> {
  let wake = nothing;
  let isLate = false;
  const silence = store.onChange(() => wake());
  const cancel = clock.schedule(clock.nowEpochMs() + answerWithinMs, () => {
    isLate = true;
    wake();
  });
  try {
    const seq = await store.post(runId, event);
    for (;;) {
      const changed = new Promise<void>((resolve) => (wake = resolve));
      const answer = await store.answerTo(seq);
      if (answer !== null) return answer;
      const summary = await store.summary(runId);
      // Its end and its last answers are one transaction: what is not answered now never is.
      if (summary === null || summary.finishedAtEpochMs !== null)
        return (await store.answerTo(seq)) ?? hasEnded(runId, summary?.outcome ?? null);
      if (summary.holder?.alive !== true) throw notAnswered(runId, event, 'nobody drives it');
      if (isLate) throw notAnswered(runId, event, `process ${summary.holder.pid} does not answer`);
      await changed;
    }
  } catch (error) {
    if (error instanceof StoreError && error.code === 'runFinished') return hasEnded(runId, null);
    throw error;
  } finally {
    cancel();
    silence();
  }
}

function hasEnded(runId: string, outcome: string | null): InboxAnswer {
  const how = outcome === null ? '' : ` (${outcome})`;
  return { accepted: false, reason: `run ${runId} has ended${how}`, allowed: [] };
}

function notAnswered(runId: string, { type }: StoredEvent, why: string): EngineError {
  return new EngineError(
    'notAnswered',
    `${type} was posted to run ${runId}, but ${why}: "virtstate recover" goes on with the run and takes it then`,
  );
}
