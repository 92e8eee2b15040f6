import type { Bench } from './bench.ts';
import { compareCalls } from './client-calls.ts';

const bench = 'client-parallel';

/** 64 calls in flight; the peer needs a thread for each. */
export const clientParallel: Bench = {
  name: bench,
  run: (tools) =>
    compareCalls(
      { bench, calls: 6400, inFlight: 64, rateGoal: '>= 0.95', cpuGoal: '<= 0.5' },
      tools,
    ),
};
