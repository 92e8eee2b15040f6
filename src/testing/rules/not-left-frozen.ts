import { describeHolder, holderOn, holdersOf } from '../picture.ts';
import type { Rule } from '../rule.ts';
import { claimsOrder } from './one-place.ts';

export const notLeftFrozen: Rule = {
  name: 'notLeftFrozen',
  invariant: 4,
  says: 'No guest is left with frozen file systems that were not so before.',
  when: 'end',
  judge: (end) => {
    const { before, after } = end;
    if (!claimsOrder(end)) return null;
    const left = holdersOf(after).find(
      ({ uri, details }) =>
        details?.frozen === true && holderOn(before, uri)?.details?.frozen !== true,
    );
    return left === undefined ? null : `it is frozen on ${describeHolder(left)}`;
  },
};
