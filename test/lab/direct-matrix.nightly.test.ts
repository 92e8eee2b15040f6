import { test } from 'vitest';

import { faults, useDirectFaults } from '../support/direct-faults.ts';
import type { MomentName } from '../support/direct-moments.ts';
import { moments } from '../support/direct-moments.ts';
import { describeLab } from '../support/needs.ts';

const everyCase = (Object.keys(moments) as MomentName[]).flatMap((moment) =>
  faults.map((fault) => ({ moment, fault })),
);

describeLab('a migration that we drive', () => {
  const { strike } = useDirectFaults('dmatrix');

  test.for(everyCase)('$moment x $fault', { timeout: 300_000 }, ({ moment, fault }) =>
    strike(moment, fault),
  );
});
