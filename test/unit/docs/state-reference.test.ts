import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';

import { stateFiles } from '../../../src/diagrams/state-reference.ts';

const folder = join(import.meta.dirname, '..', '..', '..', 'docs', 'states');
const files = stateFiles();
const advice = "the pages of docs/states are stale: run 'npm run diagrams' and commit the result";

test('docs/states has a page for every machine and nothing else', async () => {
  expect((await readdir(folder)).toSorted(), advice).toEqual([...files.keys()].toSorted());
});

test.each([...files])('docs/states/%s says what the machine says', async (name, text) => {
  const committed = await readFile(join(folder, name), 'utf8').catch(() => null);
  expect(committed === text, advice).toBe(true);
});

test('a page tells what a state is, what runs, what can be undone, and where it goes', () => {
  const page = files.get('volume-swap.md') ?? '';
  const [, state = ''] = page.split('## `working.pivoting.asking`\n');
  const [told = ''] = state.split('\n## ');
  expect(told).toMatch(/- Can be undone: .*an abort is not taken/);
  expect(told).toMatch(/- Call: virDomainBlockJobAbort/);
  expect(told).toMatch(/- Runs: `pivot/);
  expect(told).toMatch(/- Goes to\n {2}- `/);
});
