import { expect, test } from 'vitest';

import { blocks, pages, placeOf, proofOf } from './blocks.ts';

test('every block of the README and of docs is run, compiled, read, or printed by a command that is run', () => {
  expect(pages).toContain('docs/cli.md');
  expect(blocks.length).toBeGreaterThan(30);
  const unproved = blocks.filter((block) => proofOf(block) === null);
  expect(unproved.map(placeOf)).toEqual([]);
});
