import { beforeAll, expect, test } from 'vitest';

import type { Row } from '../row.ts';
import { summaryLine } from '../table.ts';
import { strikeTwice } from './double-crashes.ts';
import { findPoints, strike } from './matrix.ts';
import { migrations } from './migrations.ts';
import { oneHostWays } from './one-host-ways.ts';
import { sampleEach } from './sample.ts';

/** What is struck of the workflows on one host every day; all of it is struck in the nightly suite. */
const dailyShare = 1 / 3;

/** Every point once, and some of them again while they are recovered. */
let once: readonly Row[] = [];
let twice: readonly Row[] = [];

beforeAll(async () => {
  const [moving, staying] = await Promise.all([findPoints(migrations), findPoints(oneHostWays)]);
  const points = [...moving, ...sampleEach(staying, dailyShare)];
  const again = strikeTwice(points);
  const rows = await strike([...points, ...again]);
  [once, twice] = [rows.slice(0, points.length), rows.slice(points.length)];
  console.log(summaryLine(rows));
});

const wrongIn = (rows: readonly Row[]): readonly Row[] =>
  rows.filter(({ wrong }) => wrong.length > 0);

test.for(migrations.map(({ name }) => name))('%s: recovered, wherever it is killed', (name) => {
  const rows = once.filter(({ scenario }) => scenario === name);
  expect(rows.length).toBeGreaterThan(50);
  expect(wrongIn(rows)).toEqual([]);
});

test.for(oneHostWays.map(({ name }) => name))('%s: recovered, at a sample of points', (name) => {
  const rows = once.filter(({ scenario }) => scenario === name);
  expect(rows.length).toBeGreaterThan(15);
  expect(wrongIn(rows)).toEqual([]);
});

test('whoever recovers may be killed, too', () => {
  expect(twice.length).toBeGreaterThan(400);
  expect(wrongIn(twice)).toEqual([]);
});
