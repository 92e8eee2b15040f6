import { EngineError } from '../../engine/engine-error.ts';
import { postEvent } from '../../engine/remote-run.ts';
import { systemClock } from '../../engine/system-clock.ts';
import type { InboxAnswer, RunStore, RunSummary, StoredEvent } from '../../ports/run-store.ts';
import { isDriven } from '../display/records/holder-words.ts';

/** What became of an event that was sent to a run on record. */
export type Reply =
  | { readonly came: 'answer'; readonly answer: InboxAnswer }
  /** It has ended, or nobody drives it, so nobody takes what is sent. */
  | { readonly came: 'ended' | 'nobody'; readonly run: RunSummary }
  /** Whoever drives it did not answer: what was sent stays in its inbox. */
  | { readonly came: 'silence'; readonly run: RunSummary };

/** Posts an event to a run's inbox and waits for the answer of whoever drives it. @throws StoreError */
export async function askRun(store: RunStore, run: RunSummary, event: StoredEvent): Promise<Reply> {
  if (run.finishedAtEpochMs !== null) return { came: 'ended', run };
  if (!isDriven(run)) return { came: 'nobody', run };
  try {
    const answer = await postEvent({ store, clock: systemClock, runId: run.id, event });
    const since = answer.accepted ? null : await store.summary(run.id);
    if (since !== null && since.finishedAtEpochMs !== null) return { came: 'ended', run: since };
    return { came: 'answer', answer };
  } catch (error) {
    if (!(error instanceof EngineError && error.code === 'notAnswered')) throw error;
    return { came: 'silence', run: (await store.summary(run.id)) ?? run };
  }
}
