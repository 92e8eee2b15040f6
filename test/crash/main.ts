import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { strikeTwice } from './simulated/double-crashes.ts';
import { findPoints, strike } from './simulated/matrix.ts';
import { scenarios } from './simulated/scenarios.ts';
import { summaryLine, toDocument } from './table.ts';

const asJson = process.argv.includes('--json');

const points = await findPoints(scenarios);
const rows = await strike([...points, ...strikeTwice(points)]);
if (asJson) for (const row of rows) console.log(JSON.stringify(row));
else {
  await writeFile(join(import.meta.dirname, 'RESULTS.md'), toDocument(rows));
  for (const { scenario, point, fault, wrong } of rows.filter((row) => row.wrong.length > 0))
    console.log(`${scenario} x ${point} x ${fault}: ${wrong.join('; ')}`);
  console.log(summaryLine(rows));
}
process.exitCode = rows.some(({ wrong }) => wrong.length > 0) ? 1 : 0;
