import { allowedChange } from '../asked-change.ts';
import type { End } from '../history.ts';
import { describeHolders, holdersOf, isActive, isRunning, isWholeWorldSeen } from '../picture.ts';
import type { Rule } from '../rule.ts';

export const onePlace: Rule = {
  name: 'onePlace',
  invariant: 2,
  says: 'A guest that ran runs in exactly one place in the end, or an operator is told why not.',
  when: 'end',
  judge: (end) => {
    const { before, after, run } = end;
    if (run === null) return null;
    if (run.outcome === 'needsOperator')
      return run.reason === null ? 'an operator is needed and nobody says why' : null;
    const ran = holdersOf(before).some(isRunning);
    const isThere = ran ? isRunning : isActive;
    if (!ran && !holdersOf(before).some(isActive)) return null;
    const places = holdersOf(after).filter(isThere).length;
    if (places === 0 && allowedChange(run).powerState) return null;
    if (places === 1 || (places === 0 && !isWholeWorldSeen(after))) return null;
    return `${run.outcome}, and it ${ran ? 'runs' : 'is'} in ${places} places: ${describeHolders(after)}`;
  },
};

/** Every run that says that all is in order says so of the whole world. */
export function claimsOrder({ run }: End): boolean {
  return run !== null && ['completed', 'refused', 'rolledBack'].includes(run.outcome);
}
