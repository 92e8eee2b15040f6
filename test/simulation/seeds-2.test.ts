import { describeSeeds } from '../simulate/fixed-seeds.ts';

// In a file of its own, so that both processors share the ten thousand.
describeSeeds(5_001, 5_000);
