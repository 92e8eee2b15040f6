import { allowedChange } from '../asked-change.ts';
import { describeHolder, holdersOf, isIncoming } from '../picture.ts';
import type { Rule } from '../rule.ts';
import { claimsOrder } from './one-place.ts';

export const notLeftPaused: Rule = {
  name: 'notLeftPaused',
  invariant: 4,
  says: 'No guest is left paused that was not paused before.',
  when: 'end',
  judge: (end) => {
    const { before, after, run } = end;
    if (allowedChange(run).powerState) return null;
    if (!claimsOrder(end) || holdersOf(before).some(({ state }) => state === 'paused')) return null;
    const left = holdersOf(after).find(
      (holder) => holder.state === 'paused' && !isIncoming(holder),
    );
    return left === undefined ? null : `it stands paused on ${describeHolder(left)}`;
  },
};
