import { beforeAll, expect, test } from 'vitest';

import type { Row } from '../row.ts';
import { summaryLine } from '../table.ts';
import { findPoints, strike } from './matrix.ts';
import { oneHostWays } from './one-host-ways.ts';

let rows: readonly Row[] = [];

beforeAll(async () => {
  rows = await strike(await findPoints(oneHostWays));
  console.log(summaryLine(rows));
});

test.for(oneHostWays.map(({ name }) => name))('%s: recovered, wherever it is killed', (name) => {
  const struck = rows.filter(({ scenario }) => scenario === name);
  expect(struck.length).toBeGreaterThan(50);
  expect(struck.filter(({ wrong }) => wrong.length > 0)).toEqual([]);
});
