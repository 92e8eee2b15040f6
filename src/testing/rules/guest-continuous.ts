import { allowedChange } from '../asked-change.ts';
import type { TickRun } from '../history.ts';
import type { Rule } from '../rule.ts';

export const guestContinuous: Rule = {
  name: 'guestContinuous',
  invariant: 7,
  says: "The guest's own count goes on: no tick is lost, none is made twice.",
  when: 'end',
  // An operator who was called knows that there may be two copies, or half a one.
  judge: ({ ticks, run }) =>
    ticks === null || run?.outcome === 'needsOperator' || allowedChange(run).past
      ? null
      : breakIn(ticks),
};

function breakIn(ticks: readonly TickRun[]): string | null {
  for (const [index, { lastTick }] of ticks.entries()) {
    const next = ticks[index + 1]?.firstTick ?? lastTick + 1;
    if (next > lastTick + 1) return `ticks ${lastTick + 1} to ${next - 1} are lost`;
    if (next <= lastTick) return `tick ${next} was made again after tick ${lastTick}`;
  }
  return null;
}
