import { beforeAll, expect, test } from 'vitest';

import type { Row } from '../row.ts';
import { summaryLine } from '../table.ts';
import { strikeTwice } from './double-crashes.ts';
import { findPoints, strike } from './matrix.ts';
import { scenarios } from './scenarios.ts';

/** Every point once, and some of them again while they are recovered. */
let once: readonly Row[] = [];
let twice: readonly Row[] = [];

beforeAll(async () => {
  const points = await findPoints(scenarios);
  const again = strikeTwice(points);
  const rows = await strike([...points, ...again]);
  [once, twice] = [rows.slice(0, points.length), rows.slice(points.length)];
  console.log(summaryLine(rows));
});

const wrongIn = (rows: readonly Row[]): readonly Row[] =>
  rows.filter(({ wrong }) => wrong.length > 0);

test.for(scenarios.map(({ name }) => name))('%s: recovered, wherever it is killed', (name) => {
  const rows = once.filter(({ scenario }) => scenario === name);
  expect(rows.length).toBeGreaterThan(50);
  expect(wrongIn(rows)).toEqual([]);
});

test('whoever recovers may be killed, too', () => {
  expect(twice.length).toBeGreaterThan(200);
  expect(wrongIn(twice)).toEqual([]);
});
