import { describeLab } from '../support/needs.ts';
import { labRerunSuite } from '../support/lab-rerun.ts';

describeLab('two real daemons, and every call', () => {
  labRerunSuite(
    'rerun-all',
    () => true,
    (calls) => Array.from({ length: calls }, (_, index) => index + 1),
  );
});
