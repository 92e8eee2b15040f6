import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';

import { migrateOptionGroups } from '../../../../src/cli/options/migrate-option-table.ts';

const page = await readFile(
  join(import.meta.dirname, '..', '..', '..', '..', 'docs/cli.md'),
  'utf8',
);
const options = migrateOptionGroups.flatMap((group) => group.options);

test.each(options.map(({ flags }) => [flags.split(' ')[0] ?? flags]))(
  'docs/cli.md knows %s',
  (name) => {
    // `--postcopy-start` does not count for `--postcopy`.
    expect(page).toMatch(new RegExp(`${name}(?![a-z-])`));
  },
);

test('docs/cli.md knows no option that there is not', () => {
  const known = ['--json', '--log-level', '--peer', '--lab', '--help'];
  const names = new Set(options.map(({ flags }) => flags.split(' ')[0]));
  const named = [...new Set(page.match(/--[a-z][a-z-]*/g))];
  expect(named.filter((name) => !names.has(name) && !known.includes(name))).toEqual([]);
});
