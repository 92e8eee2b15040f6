import { describeLab } from '../support/needs.ts';
import { playAllOnLab } from './on-lab.ts';
import { scripts } from './scripts/all.ts';

describeLab('real hosts, by the record, come to', () => {
  playAllOnLab(
    'conform',
    scripts.filter(({ isDaily }) => isDaily === true),
  );
});
