import type { EventObject } from 'xstate';

import type { ActiveRun } from './active-run.ts';
import type { Changes } from './changes.ts';
import type { EnteredState } from './entered-states.ts';
import { namesOf } from './entered-states.ts';

export interface NotedStep {
  readonly event: EventObject;
  readonly from: readonly string[];
  readonly entered: readonly EnteredState[];
  readonly effectKey: string | null;
}

/** Records one step of one run and who has to hear of it. */
export function noteStep(
  changes: Changes,
  run: ActiveRun,
  { event, from, entered, effectKey }: NotedStep,
): void {
  changes.touch(run);
  changes.journal.push({
    runId: run.id,
    atEpochMs: changes.atEpochMs,
    event,
    from,
    to: namesOf(run.snapshot),
    effectKey,
  });
  const { context } = run.snapshot;
  for (const state of entered)
    changes.tellings.push({ type: 'state.entered', ...changes.of(run), ...state, context });
}
