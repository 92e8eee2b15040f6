import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';

import { virtstate } from '../spawned.ts';
import { migrateOptionGroups } from '../../../../src/cli/options/migrate-option-table.ts';
import {
  deleteGroups,
  mergeGroups,
  restoreGroups,
  revertGroups,
  saveGroups,
  snapshotGroups,
} from '../../../../src/cli/options/snapshot-option-table.ts';
import { swapGroups } from '../../../../src/cli/options/swap-option-table.ts';

const page = await readFile(
  join(import.meta.dirname, '..', '..', '..', '..', 'docs/cli.md'),
  'utf8',
);
const groups = [
  ...migrateOptionGroups,
  ...snapshotGroups,
  ...saveGroups,
  ...restoreGroups,
  ...revertGroups,
  ...deleteGroups,
  ...mergeGroups,
  ...swapGroups,
];
const flagsOfAll = new Set(groups.flatMap((group) => group.options.map(({ flags }) => flags)));
const names = [...flagsOfAll].map((flags) => flags.split(' ')[0] ?? flags);

test.each([...new Set(names)])('docs/cli.md knows %s', (name) => {
  // `--postcopy-start` does not count for `--postcopy`.
  expect(page).toMatch(new RegExp(`${name}(?![a-z-])`));
});

test('docs/cli.md knows no option that there is not', () => {
  const ofAll = ['--json', '--log-level', '--config', '--host', '--port', '--help'];
  const ofOthers = ['--peer', '--lab', '--all', '--finished', '--unfinished', '--limit', '--watch'];
  const known = [...ofAll, ...ofOthers, '--out', '--no-wait', '--give-up', '--older-than'];
  const named = [...new Set(page.match(/--[a-z][a-z-]*/g))];
  expect(named.filter((name) => !names.includes(name) && !known.includes(name))).toEqual([]);
});

const snapshots = ['snapshot', 'save', 'restore', 'delete-snapshot', 'merge', 'revert', 'tree'];
const swaps = ['swap', 'confirm', 'undo'];
const records = ['runs', 'show', 'abort', 'send', 'recover', 'prune'];

const pages = ['doctor', 'diagram', 'serve', 'demo'];

test.each([...snapshots, ...swaps, ...records, ...pages])(
  'docs/cli.md and the help know %s',
  async (name) => {
    expect(page).toContain(`\`virtstate ${name}`);
    expect((await virtstate(name, '--help')).stdout).toContain(`Usage: virtstate ${name}`);
  },
);
