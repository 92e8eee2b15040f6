import { expect, test } from 'vitest';

import { exitStatusOf } from '../../../src/cli/exit-status.ts';

const because = (code: string) => ({ code });

test.each([
  ['completed', null, 0],
  ['rolledBack', because('libvirtError'), 1],
  ['rolledBack', because('timeBudgetExceeded'), 1],
  // What a person asked for, and got.
  ['rolledBack', because('undone'), 0],
  ['refused', because('domainExists'), 2],
  ['needsOperator', because('splitBrain'), 3],
  ['rolledBack', because('abortRequested'), 130],
  ['rolledBack', because('operationAborted'), 130],
  // Somebody aborted, and yet the guest could not be brought back: that is the graver news.
  ['needsOperator', because('abortRequested'), 3],
] as const)('%s by %o ends with %i', (outcome, failure, status) => {
  expect(exitStatusOf({ outcome, failure })).toBe(status);
});
