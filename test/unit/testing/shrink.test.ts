import { assert, asyncProperty, boolean, infiniteStream, nat, uniqueArray } from 'fast-check';
import { describe, expect, test } from 'vitest';

import { shortestFailing } from '../../../src/testing/simulation/index.ts';

const needs =
  (...culprits: readonly number[]) =>
  (part: readonly number[]) =>
    Promise.resolve(culprits.every((culprit) => part.includes(culprit)));

const needsThreeOrFive = async (part: readonly number[]): Promise<boolean> =>
  (await needs(1, 2, 3)(part)) || needs(5)(part);

describe('a script that fails', () => {
  test('is shrunk to exactly the steps that it takes, whichever these are', () =>
    assert(
      asyncProperty(
        uniqueArray(nat(99), { minLength: 1, maxLength: 24 }),
        infiniteStream(boolean()),
        async (script, lots) => {
          const culprits = script.filter(() => lots.next().value === true);
          expect(await shortestFailing(script, needs(...culprits))).toEqual(culprits);
        },
      ),
      { numRuns: 50, seed: 1 },
    ));

  test('is as short as any that fails, where several do', async () => {
    expect(await shortestFailing([1, 2, 3, 4, 5], needsThreeOrFive)).toEqual([5]);
  });

  test('that fails whatever is left out is empty in the end', async () => {
    expect(await shortestFailing([1, 2, 3], () => Promise.resolve(true))).toEqual([]);
  });
});
