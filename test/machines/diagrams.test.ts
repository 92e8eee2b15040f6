import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { diagramFiles } from '../../src/diagrams/files.ts';

const folder = join(import.meta.dirname, '..', '..', 'diagrams');
const files = await diagramFiles();
const advice = "the diagrams are stale: run 'npm run diagrams' and commit the result";

test('the folder holds the diagrams of all machines and nothing else', async () => {
  expect((await readdir(folder)).toSorted(), advice).toEqual([...files.keys()].toSorted());
});

test.each([...files])('%s shows the machine as it is', async (name, text) => {
  const committed = await readFile(join(folder, name), 'utf8').catch(() => null);
  expect(committed === text, advice).toBe(true);
});

test('drawing twice gives the same bytes', { timeout: 60_000 }, async () => {
  expect(await diagramFiles()).toEqual(files);
});
