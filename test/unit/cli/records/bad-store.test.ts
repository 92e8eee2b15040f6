import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, onTestFinished, test } from 'vitest';

import { readLines, Spawned } from '../spawned.ts';
import { between, Records, timeoutMs } from './on-record.ts';

/** Makes a file that is no store, or none of ours. */
const files: Readonly<Record<string, (records: Records) => Promise<void> | void>> = {
  notAStore: ({ path }) => writeFileSync(path, 'once upon a time, long before any database\n'),
  newerStore: async (records) => {
    await records.put([{ id: 'old', finishedAtEpochMs: 1_000, outcome: 'completed' }]);
    const database = new DatabaseSync(records.path);
    database.exec('pragma user_version = 999; pragma journal_mode = delete');
    database.close();
  },
  corrupt: async (records) => {
    await records.put([{ id: 'old', finishedAtEpochMs: 1_000, outcome: 'completed' }]);
    const bytes = readFileSync(records.path);
    bytes.fill(0xa5, 16_384 * 2, 16_384 * 12);
    writeFileSync(records.path, bytes);
  },
};
const foreign = ({ path }: Records): void => {
  const database = new DatabaseSync(path);
  database.exec('create table songs (title text)');
  database.close();
};

const verbs = [
  ['runs'],
  ['show', 'old'],
  ['abort', 'old'],
  ['send', 'old', 'abort'],
  ['recover'],
  ['prune', '--older-than', '1d'],
  ['migrate', 'idle', ...between],
];
const cases = [
  ...Object.entries(files).flatMap(([code, spoil]) =>
    [['runs'], ['migrate', 'idle', ...between]].map((words) => ({ code, spoil, words })),
  ),
  ...verbs.map((words) => ({ code: 'notAStore', spoil: foreign, words })),
];

test.each(cases)(
  '$words.0 on a file that is $code: one line, exit 70, and the file as it was',
  { timeout: timeoutMs },
  async ({ code, spoil, words }) => {
    const records = new Records();
    await spoil(records);
    const before = readFileSync(records.path);
    const { status, stdout, stderr } = await records.virtstate(...words);
    expect(stderr).toMatch(/^virtstate: .*runs\.db.*\n$/);
    expect(stderr).toContain(`(${code}); nothing was touched`);
    expect(stdout).toBe('');
    expect(status).toBe(70);
    expect(readFileSync(records.path).equals(before)).toBe(true);
  },
);

test('a directory that cannot be written: one line, exit 70', { timeout: timeoutMs }, async () => {
  const directory = mkdtempSync(join(tmpdir(), 'virtstate-readonly-'));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  const place = join(directory, 'no', 'runs.db');
  mkdirSync(dirname(place), { mode: 0o555 });
  // Root may write anywhere but where nobody may: a mount that is read-only.
  const readOnly = `mount --bind -o ro "$0" "$0" && mount -o remount,ro,bind "$0" && exec "$@"`;
  const migrating = ['migrate', 'idle', ...between, '--store', place];
  const run = new Spawned(migrating, [...alone(readOnly, directory), process.execPath]);
  const { status, stdout, stderr } = await run.ended();
  expect(stderr).toMatch(/^virtstate: .*runs\.db.* \(notWritable\); nothing was touched\n$/);
  expect(stdout).toBe('');
  expect(status).toBe(70);
});

test(
  'a disk that fills up ends the run with what is on record, and recover goes on from there',
  { timeout: timeoutMs },
  async () => {
    const records = new Records();
    const directory = mkdtempSync(join(tmpdir(), 'virtstate-full-'));
    onTestFinished(() => rmSync(directory, { recursive: true }));
    // Room for the schema and the first steps. What is on record then is copied to a disk with more.
    const small = `mount -t tmpfs -o size=1000k tmpfs "$0" && out=$1 && shift &&
      { "$@"; status=$?; cp "$0"/* "$out"; exit $status; }`;
    const words = ['migrate', 'busy', ...between, '--json', '--store', join(directory, 'runs.db')];
    const before = alone(small, directory, dirname(records.path));
    const { status, stdout, stderr } = await new Spawned(words, [
      ...before,
      process.execPath,
    ]).ended();
    const last = readLines(stdout).at(-1);
    expect(last).toMatchObject({ type: 'run.broken', failure: { code: 'storeFailed' } });
    const { message } = Object(last?.['failure']);
    expect(message).toContain('no space is left');
    expect(message).toMatch(/On record it stands in [a-z].*: "virtstate recover" goes on/);
    expect(stderr).toContain('virtstate itself failed (storeFailed)');
    expect(status).toBe(70);

    const [first] = readLines(stdout);
    expect(await records.summary(String(first?.['run']))).toMatchObject({ outcome: null });
    const recovered = await records.virtstate('recover', '--json');
    expect(readLines(recovered.stdout).at(-2)).toMatchObject({
      type: 'run.finished',
      outcome: 'rolledBack',
      run: first?.['run'],
    });
    expect(recovered.status).toBe(1);
  },
);

/** `sh -c` in a mount namespace of its own: what it mounts nobody else sees, and it goes with it. */
function alone(script: string, ...words: readonly string[]): [string, ...string[]] {
  return ['unshare', '--user', '--map-root-user', '--mount', 'sh', '-c', script, ...words];
}
