import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';

import { readPolicy } from '../../../../src/cli/options/policy-file.ts';
import { figures } from './figures.ts';

const root = join(import.meta.dirname, '..', '..', '..', '..');
const page = await readFile(join(root, 'docs/convergence.md'), 'utf8');

/** The cells of the table under `<!-- figures: NAME -->`, without its heading. */
function rowsUnder(name: string): string[][] {
  const after = page.split(`<!-- figures: ${name} -->\n`)[1] ?? '';
  const lines = after.trimStart().split('\n');
  const end = lines.findIndex((line) => !line.startsWith('|'));
  return lines.slice(2, end === -1 ? undefined : end).map((line) =>
    line
      .slice(1, -1)
      .split('|')
      .map((cell) => cell.trim()),
  );
}

test.each(Object.entries(figures))(
  'the table "%s" has the figures of the functions',
  (name, rows) => {
    expect(rowsUnder(name)).toEqual(rows());
  },
);

test('the policy that the page shows is one', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'virtstate-doc-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const path = join(folder, 'policy.json');
  const shown = /```json\n([^`]+)```/.exec(page)?.[1] ?? '';
  await writeFile(path, shown);
  await expect(readPolicy(path)).resolves.toEqual(JSON.parse(shown));
});
