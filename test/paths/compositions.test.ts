import { expect, test } from 'vitest';

import { liveMigration } from '../../machines/index.ts';
import { compositions, findPaths } from '../../src/testing/index.ts';

/** The child's chart, and all of the parent's beside it. */
test.each([
  ['peer2peer', 'peer2peerMigration'],
  ['direct', 'directMigration'],
  ['offline', 'offlineMigration'],
] as const)(
  'live-migration with %s: paths through both charts reach all of both',
  (protocol, child) => {
    const { coverage } = findPaths(liveMigration, compositions[protocol]);
    expect(coverage.map(({ chart }) => chart)).toEqual(['liveMigration', `liveMigration/${child}`]);
    for (const { gaps } of coverage)
      expect(gaps.every(({ isException }) => isException)).toBe(true);
  },
  300_000,
);
