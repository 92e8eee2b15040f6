import { describeSeeds } from '../simulate/fixed-seeds.ts';

describeSeeds(1, 5_000);
