import { describeLab } from '../support/needs.ts';
import { labRerunSuite } from '../support/lab-rerun.ts';

/** One of each kind; all others in the nightly suite. */
const daily = [
  'releaseClaims',
  'persistOnDestination',
  'removeVolumes',
  'abortJob',
  'setMaxDowntime',
  'forgetHalfMoved',
];

describeLab('two real daemons', () => {
  // With the last call everything has been changed, or nothing yet.
  labRerunSuite(
    'rerun',
    (slot) => daily.includes(slot),
    (calls) => [calls],
  );
});
