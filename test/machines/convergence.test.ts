import { describe, expect, test } from 'vitest';

import type { Passes } from '../../machines/policy/migration/convergence.ts';
import {
  afterPass,
  dataGib,
  downtimeSteps,
  isStalled,
  noPasses,
  planConvergence,
  wantsPostcopy,
} from '../../machines/policy/migration/convergence.ts';
import {
  convergencePresets,
  patient,
} from '../../machines/policy/migration/convergence-presets.ts';

const gib = 2 ** 30;
const presets = Object.entries(convergencePresets);

describe('the ramp of the downtime', () => {
  test('begins at once and grows in equal steps to its limit', () => {
    const ramp = { startMs: 100, limitMs: 500, steps: 4, stepMsPerGib: 1_000 };
    expect(downtimeSteps(ramp, 2)).toEqual([
      { afterMs: 0, downtimeMs: 100 },
      { afterMs: 2_000, downtimeMs: 200 },
      { afterMs: 2_000, downtimeMs: 300 },
      { afterMs: 2_000, downtimeMs: 400 },
      { afterMs: 2_000, downtimeMs: 500 },
    ]);
  });

  test('of no steps is its limit, at once', () => {
    const ramp = { startMs: 100, limitMs: 500, steps: 0, stepMsPerGib: 1_000 };
    expect(downtimeSteps(ramp, 2)).toEqual([{ afterMs: 0, downtimeMs: 500 }]);
  });

  test('of uneven steps ends at its limit all the same, in whole milliseconds', () => {
    const steps = downtimeSteps({ startMs: 10, limitMs: 20, steps: 3, stepMsPerGib: 333 }, 1.5);
    expect(steps.map(({ downtimeMs }) => downtimeMs)).toEqual([10, 13, 17, 20]);
    for (const { afterMs } of steps) expect(Number.isInteger(afterMs)).toBe(true);
  });
});

describe('the size of a migration', () => {
  test.each([
    ['memory alone', 4 * gib, [], 4],
    ['memory and what the copied disks hold', 2 * gib, [gib, 3 * gib], 6],
    ['at least one, for devices and passes', gib / 4, [], 1],
  ] as const)('is %s', (_, memoryBytes, copied, sizeGib) => {
    expect(dataGib(memoryBytes, copied)).toBe(sizeGib);
  });
});

describe('a plan', () => {
  test('has the budget of its size, and none where the policy has none', () => {
    const budget = { baseMs: 5_000, msPerGib: 1_000 };
    expect(planConvergence({ ...patient, budget }, 2.5).budgetMs).toBe(7_500);
    expect(planConvergence(patient, 2.5)).toMatchObject({ budgetMs: null, downtimeSteps: [] });
  });

  test.each([
    ['patient', patient, false],
    ['post-copy on a stall', { ...patient, onStall: 'postcopy' }, true],
    ['post-copy after the budget', { ...patient, onBudget: 'postcopy' }, true],
    ['post-copy after the first pass', { ...patient, postcopyAfterPasses: 1 }, true],
  ] as const)('%s: needs the flag POSTCOPY from the start: %#', (_, policy, wants) => {
    expect(wantsPostcopy(policy)).toBe(wants);
  });

  test.each(presets)(
    'of the preset %s never pauses longer than its limit, nor without end',
    (_, preset) => {
      const { downtimeSteps: steps, budgetMs } = planConvergence(preset.convergence, 8);
      const limits = steps.map(({ downtimeMs }) => downtimeMs);
      expect(limits).toEqual(limits.toSorted((a, b) => a - b));
      expect(limits.at(-1)).toBe(preset.convergence.downtime.limitMs);
      expect(budgetMs).toBeGreaterThan(steps.reduce((sum, { afterMs }) => sum + afterMs, 0));
    },
  );
});

const after = (
  ...told: readonly (readonly [iteration: number, remaining: number | null])[]
): Passes =>
  told.reduce(
    (passes, [iteration, remainingBytes]) => afterPass(passes, { iteration, remainingBytes }),
    noPasses,
  );

describe('passes', () => {
  test('are over when the next one begins', () => {
    expect(after([1, 900])).toEqual(noPasses);
    expect(after([1, 900], [2, 800])).toEqual({
      completed: 1,
      leastRemainingBytes: 800,
      sinceLeast: 0,
    });
  });

  test('that were missed are counted as over, but prove no stall', () => {
    expect(after([2, 800], [7, 800])).toMatchObject({ completed: 6, sinceLeast: 1 });
  });

  test('that are told again, or late, change nothing', () => {
    const passes = after([2, 800], [3, 700]);
    expect(after([2, 800], [3, 700], [3, 900], [2, 900], [1, 0])).toEqual(passes);
  });

  test('of which nobody says what is left count as over, and no more', () => {
    expect(after([2, null], [3, null])).toEqual({ ...noPasses, completed: 2 });
  });

  test('stall when so many in a row are no better than the best', () => {
    const plan = planConvergence({ ...patient, stallPasses: 2 }, 1);
    expect(isStalled(after([2, 800], [3, 800]), plan)).toBe(false);
    expect(isStalled(after([2, 800], [3, 800], [4, 900]), plan)).toBe(true);
    expect(isStalled(after([2, 800], [3, 800], [4, 799]), plan)).toBe(false);
  });
});
