import type { Bench } from './bench.ts';
import { compareCalls } from './client-calls.ts';

const bench = 'client-sequential';

/** One call after another. */
export const clientSequential: Bench = {
  name: bench,
  run: (tools) =>
    compareCalls({ bench, calls: 2000, inFlight: 1, rateGoal: '>= 1', cpuGoal: '<= 0.9' }, tools),
};
