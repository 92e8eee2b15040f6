import { describe, expect, test } from 'vitest';

import { describeSeeds } from '../simulate/fixed-seeds.ts';
import { allMutants } from '../simulate/mutants/all-mutants.ts';
import { catchMutant } from '../simulate/mutants/catch-mutants.ts';

const minuteMs = 60_000;

// Those that are not run every time.
describeSeeds(10_001, 20_000);

describe('a deliberate bug is caught', () => {
  test.each(allMutants.map((mutant) => [mutant.name, mutant] as const))(
    '%s',
    { timeout: 10 * minuteMs },
    async (_, mutant) => {
      const { finding } = await catchMutant(mutant, { firstSeed: 1, seeds: 3_000 });
      expect(finding).not.toBeNull();
    },
  );
});
