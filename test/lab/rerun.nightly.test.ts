import { describeLab } from '../support/needs.ts';
import { labRerunSuite } from '../support/lab-rerun.ts';

describeLab('two real daemons, and every effect', () => {
  labRerunSuite(
    'rerun-all',
    () => true,
    // Every call of each is died at in the simulated world; what is before these two mostly reads.
    (calls) => [...new Set([Math.max(1, calls - 1), calls])],
  );
});
