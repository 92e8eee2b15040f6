import { test } from 'vitest';

import { useDirectFaults } from '../support/direct-faults.ts';
import { describeLab } from '../support/needs.ts';

/** One moment for each kind of fault: every moment with every fault is the nightly matrix. */
const cases = [
  { fault: 'an abort by the user', moment: 'BEGIN3, before Prepare' },
  { fault: 'SIGKILL of the source', moment: 'CONFIRM3, before it' },
  { fault: 'SIGKILL of the destination', moment: 'PERFORM3_DONE, before Finish' },
  { fault: 'a cable cut', moment: 'PERFORM3, precopying' },
  { fault: 'the loss of our connection to the source', moment: 'PERFORM3_DONE, before Finish' },
  { fault: 'the loss of our connection to the destination', moment: 'FINISH3, its reply lost' },
  { fault: 'the death of our process', moment: 'PERFORM3_DONE, before Finish' },
] as const;

describeLab('a migration that we drive', () => {
  const { strike } = useDirectFaults('dfaults');

  test.for(cases)('outlives $fault in $moment', ({ fault, moment }) => strike(moment, fault));
});
