import { describe, expect, test } from 'vitest';

import { bindAll } from './bind-all.ts';
import { randomPlan } from './random-plan.ts';
import { runSeeds } from './run-seeds.ts';

const minuteMs = 60_000;
const perPart = 1_000;

/** Tests that so many seeds from that one on break no invariant, a thousand at a time. */
export function describeSeeds(firstSeed: number, count: number): void {
  const parts = Array.from({ length: count / perPart }, (_, part) => firstSeed + part * perPart);
  describe('a fixed set of seeds breaks no invariant', () => {
    test.each(parts)('from seed %i on', { timeout: 10 * minuteMs }, async (first) => {
      const failed: string[] = [];
      await runSeeds({
        seeds: Array.from({ length: perPart }, (_, at) => first + at),
        planOf: (seed) => randomPlan(seed, { machine: null, faultChance: 0.8 }),
        bind: bindAll,
        onEnd: ({ seed }, { findings }) => {
          failed.push(...findings.map(({ found, rule }) => `seed ${seed}: ${rule}: ${found}`));
          return 'goOn';
        },
      });
      expect(failed).toEqual([]);
    });
  });
}
