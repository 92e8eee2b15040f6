import { test } from 'vitest';

import { faults, useDirectFaults } from '../support/direct-faults.ts';
import type { MomentName } from '../support/direct-moments.ts';
import { moments } from '../support/direct-moments.ts';
import { describeLab } from '../support/needs.ts';

// Silence takes half a minute; where it strikes the same call, one moment stands for all. A Perform
// that vanishes in it is no case: nobody can tell it from one that was begun, so PERFORM3 is told.
const isSlow = (fault: string): boolean => fault.startsWith('the silence');
const everyCase = (Object.keys(moments) as MomentName[]).flatMap((moment) =>
  faults.filter((fault) => !isSlow(fault)).map((fault) => ({ moment, fault })),
);
const silences = [
  { moment: 'PERFORM3, precopying', fault: 'the silence of our connection to the source' },
  { moment: 'PERFORM3_DONE, before Finish', fault: 'the silence of our connection to the source' },
  { moment: 'CONFIRM3, its reply lost', fault: 'the silence of our connection to the source' },
  { moment: 'PREPARE, before Perform', fault: 'the silence of our connection to the destination' },
  {
    moment: 'PERFORM3_DONE, before Finish',
    fault: 'the silence of our connection to the destination',
  },
  { moment: 'FINISH3, its reply lost', fault: 'the silence of our connection to the destination' },
] as const;

describeLab('a migration that we drive', () => {
  const { strike } = useDirectFaults('dmatrix');

  test.for([...everyCase, ...silences])(
    '$moment x $fault',
    { timeout: 300_000 },
    ({ moment, fault }) => strike(moment, fault),
  );
});
