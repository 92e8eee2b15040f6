import type { RunSummary } from '../../../ports/run-store.ts';
import type { Style } from '../presenters.ts';
import { oneLine } from '../quantities.ts';

/** The state, and the tag, of a run that does nothing until a person decides. */
const waitingState = 'awaitingConfirmation';

/** Does the run stand open, and only a person's word goes on with it? */
export function isWaiting({ finishedAtEpochMs, parked, states }: RunSummary): boolean {
  return finishedAtEpochMs === null && parked === null && states.includes(waitingState);
}

/** What may be decided, each with its command. `more`: options that it needs to find the run. */
export function decisionSteps(run: string, more = ''): readonly [keep: string, back: string] {
  return [
    `virtstate confirm ${run}${more} keeps the new volumes and ends the run`,
    `virtstate undo ${run}${more} goes back to the old ones, with all that the guest wrote since`,
  ];
}

/** A run that nobody can drive on but by a decision. */
export function waitingLines(run: RunSummary, atEpochMs: number, style: Style): string[] {
  const steps = decisionSteps(run.id);
  if (style === 'json') {
    const line = { type: 'run.waiting', at: atEpochMs, run: run.id, domain: run.subject };
    return [JSON.stringify({ ...line, nextSteps: steps })];
  }
  const name = `${run.id} (${run.subject ?? run.machine})`;
  return [
    oneLine(`waiting for a decision: run ${name}: its guest is on its new volumes, both are kept`),
    ...steps.map((step) => `  ${step}`),
  ];
}
