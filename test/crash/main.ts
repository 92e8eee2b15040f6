import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { readLabRows, strikeLab } from './lab-rows.ts';
import { strikeTwice } from './simulated/double-crashes.ts';
import { findPoints, strike } from './simulated/matrix.ts';
import { scenarios } from './simulated/scenarios.ts';
import { summaryLine, toDocument } from './table.ts';

const usage = `crash-matrix [--json] [--lab]
  Kills an engine at every commit and around every call, and writes test/crash/RESULTS.md.
  --json  prints one object a row instead
  --lab   strikes the lab first, too; without it the rows of the last time stand
`;
const known = ['--json', '--lab'];
const given = process.argv.slice(2);
if (given.some((argument) => !known.includes(argument))) {
  process.stderr.write(usage);
  process.exit(2);
}

if (given.includes('--lab')) await strikeLab();
const points = await findPoints(scenarios);
const rows = await strike([...points, ...strikeTwice(points)]);
const lab = await readLabRows();
if (given.includes('--json')) {
  for (const row of [...rows, ...lab]) console.log(JSON.stringify(row));
} else {
  const path = join(import.meta.dirname, 'RESULTS.md');
  const [once, twice] = [rows.slice(0, points.length), rows.slice(points.length)];
  await writeFile(path, await toDocument({ once, twice, lab }, path));
  for (const [scenario, found] of Map.groupBy(points, (point) => point.scenario.name))
    console.log(`${scenario}: ${found.length} points`);
  for (const { scenario, point, fault, wrong } of rows.filter((row) => row.wrong.length > 0))
    console.log(`${scenario} x ${point} x ${fault}: ${wrong.join('; ')}`);
  console.log(summaryLine(rows));
}
process.exitCode = rows.some(({ wrong }) => wrong.length > 0) ? 1 : 0;
