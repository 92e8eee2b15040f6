import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';

import { readLines, virtstate } from './spawned.ts';

const timeoutMs = 60_000;
const folder = join(import.meta.dirname, '..', '..', '..', 'diagrams');

function committed(file: string): Promise<string> {
  return readFile(join(folder, file), 'utf8');
}

test.each([
  [[], 'live-migration.svg'],
  [['--format', 'svg'], 'live-migration.svg'],
  [['--format', 'mmd'], 'live-migration.mmd'],
  [['--format', 'json'], 'live-migration.json'],
])('diagram with %j prints what the folder holds', { timeout: timeoutMs }, async (words, file) => {
  const { status, stdout } = await virtstate('diagram', 'live-migration', ...words);
  expect(stdout).toBe(await committed(file));
  expect(status).toBe(0);
});

test('--out writes the file and says so', { timeout: timeoutMs }, async () => {
  const place = await mkdtemp(join(tmpdir(), 'virtstate-diagram-'));
  onTestFinished(() => rm(place, { recursive: true }));
  const file = join(place, 'chart.mmd');
  const words = ['diagram', 'managed-save', '--format', 'mmd', '--out', file];
  const { status, stdout } = await virtstate(...words);
  expect(await readFile(file, 'utf8')).toBe(await committed('managed-save.mmd'));
  expect(stdout).toBe(`managed-save drawn as mmd to ${file}\n`);
  expect(status).toBe(0);
});

test('without a name: the machines that there are', { timeout: timeoutMs }, async () => {
  const { status, stdout } = await virtstate('diagram', '--json');
  const machines = readLines(stdout).map(({ machine }) => machine);
  expect(machines).toEqual(expect.arrayContaining(['live-migration', 'managed-save']));
  expect(status).toBe(0);
});

test.each([
  [['liv-migration'], 'did you mean live-migration?'],
  [['liveMigration'], 'did you mean live-migration?'],
  [['frob'], 'there is cold-snapshot, direct-migration'],
  [['live-migration', '--format', 'png'], 'Allowed choices are svg, mmd, json'],
  [['live-migration', '--format', 'mermaid'], 'Allowed choices are svg, mmd, json'],
  [['managed-save', '--format', 'json', '--out', '/no/such/folder/x.json'], 'ENOENT'],
])('diagram %j: one line, exit 2', { timeout: timeoutMs }, async (words, reason) => {
  const { status, stdout, stderr } = await virtstate('diagram', ...words);
  expect(stderr.split('\n')).toHaveLength(2);
  expect(stderr).toContain(reason);
  expect(stdout).toBe('');
  expect(status).toBe(2);
});

const page = await readFile(join(folder, '..', 'docs', 'diagrams.md'), 'utf8');
const typed = [...page.matchAll(/^npx virtstate ([^>\n]+)/gm)].map(([, words = '']) =>
  words.trim(),
);

test.each(typed)('docs/diagrams.md: virtstate %s', { timeout: timeoutMs }, async (words) => {
  const { status, stdout, stderr } = await virtstate(...words.split(' '));
  expect(stdout.length).toBeGreaterThan(500);
  expect(stderr).toBe('');
  expect(status).toBe(0);
});

test('docs/diagrams.md shows commands', () => {
  expect(typed.length).toBeGreaterThan(3);
});
