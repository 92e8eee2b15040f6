import { expect, test } from 'vitest';

import { nextSteps } from '../../../../src/cli/display/records/next-steps.ts';

const parked = {
  id: 'old-run',
  version: '0',
  subject: 'guest',
  startedAtEpochMs: 1,
  finishedAtEpochMs: null,
  outcome: null,
  states: [],
  holder: null,
  parked: {
    failure: { code: 'unfitSnapshot', message: 'it fits no machine', effect: 'none' },
    atEpochMs: 2,
  },
} as const;

test.each([
  ['liveMigration', 'look at both hosts: '],
  ['coldSnapshot', 'look at its host: '],
])('a parked run of %s sends to where it worked', (machine, words) => {
  expect(nextSteps({ ...parked, machine })[0]).toContain(words);
});
