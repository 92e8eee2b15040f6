import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';

/** As users import what the tests have from the sources. */
const published = [
  ['../../src/index.ts', 'virtstate'],
  ['../../machines/index.ts', 'virtstate/machines'],
  ['../../src/testing/index.ts', 'virtstate/testing'],
  ['../../src/adapters/images/index.ts', 'virtstate/adapters/images'],
] as const;

test.each([
  ['the service whose paths are run', '../../docs/testing.md', 'volume-swap.test.ts'],
  ['the plan that is simulated', '../../docs/simulation.md', '../simulation/documented.test.ts'],
])('the docs show %s', async (_, page, file) => {
  const docs = await readFile(new URL(page, import.meta.url), 'utf8');
  const run = await readFile(new URL(file, import.meta.url), 'utf8');
  const asUsersWriteIt = published.reduce(
    (text, [source, name]) => text.replaceAll(`'${source}'`, `'${name}'`),
    run.trim(),
  );
  expect(docs).toContain(asUsersWriteIt);
});
