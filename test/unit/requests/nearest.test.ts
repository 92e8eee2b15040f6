import { expect, test } from 'vitest';

import { didYouMean, nearestName } from '../../../src/requests/nearest.ts';

const names = ['hostA', 'hostB', 'storage-1', 'x', 'db1'];

test.each([
  ['hosta', 'hostA'],
  ['hotsB', 'hostB'],
  ['storage1', 'storage-1'],
  ['sotrage-1', 'storage-1'],
  ['bd1', 'db1'],
  ['db', 'db1'],
  ['b1d', null],
  ['y', null],
  ['nothing-like-it', null],
  ['', null],
])('nearest to %j is %j', (given, expected) => {
  expect(nearestName(given, names)).toBe(expected);
});

test('it is asked only where there is one', () => {
  expect(didYouMean('hots', ['hosts'])).toBe('; did you mean hosts?');
  expect(didYouMean('other', ['hosts'])).toBe('');
});
