import { fork } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, readdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { openSqliteStore } from '../../../src/store/sqlite/index.ts';
import { openDatabase } from '../../../src/store/sqlite/open-database.ts';
import { beginning } from '../../contract/store-batches.ts';
import { namesIn, newDirectory, newPath, opened, refusalOf } from './place.ts';

function modesIn(directory: string): Record<string, string> {
  const modeOf = (name: string) => (statSync(join(directory, name)).mode & 0o777).toString(8);
  return Object.fromEntries(
    readdirSync(directory).map((name) => [name.replace(/-engine-.*/, '-engine'), modeOf(name)]),
  );
}

function withUmask(mask: number): void {
  const before = process.umask(mask);
  onTestFinished(() => void process.umask(before));
}

const secrets = [{ id: 's', rootId: 'a', value: 'v' }];

test.each([0o000, 0o077, 0o777])('every file is its owner’s alone under umask %o', async (mask) => {
  const path = newPath();
  withUmask(mask);
  const store = opened(path);
  await store.commit({ ...beginning('a'), secrets });
  expect(modesIn(dirname(path))).toEqual({
    'runs.db': '600',
    'runs.db-wal': '600',
    'runs.db-shm': '600',
    'runs.db-engine': '600',
    'runs.db.key': '600',
  });
});

test('missing directories are made, for the owner alone', () => {
  const directory = join(newDirectory(), 'state', 'virtstate');
  withUmask(0);
  opened(join(directory, 'runs.db'));
  expect((statSync(directory).mode & 0o777).toString(8)).toBe('700');
  expect((statSync(dirname(directory)).mode & 0o777).toString(8)).toBe('700');
});

test('a store that others could read is mended', async () => {
  const path = newPath();
  const store = opened(path);
  await store.commit({ ...beginning('a'), secrets });
  for (const part of ['', '-wal', '-shm', '.key']) chmodSync(`${path}${part}`, 0o644);
  opened(path);
  const { 'runs.db-engine': _engine, ...modes } = modesIn(dirname(path));
  expect(new Set(Object.values(modes))).toEqual(new Set(['600']));
});

test('an engine’s lock file goes with the engine, and so does SQLite’s log', async () => {
  const path = newPath();
  const store = openSqliteStore(path);
  expect(namesIn(dirname(path))).not.toContain('runs.db-engine');
  await store.commit(beginning('a'));
  expect(namesIn(dirname(path))).toContain('runs.db-engine');
  await store.close();
  expect(namesIn(dirname(path))).toEqual(['runs.db']);
});

test('what is committed is on the disk when the commit returns', () => {
  const path = newPath();
  openDatabase(path, { busyTimeoutMs: 1_000 }).close();
  const database = openDatabase(path, { busyTimeoutMs: 1_000 });
  onTestFinished(() => database.close());
  expect(database.get('pragma journal_mode')?.text('journal_mode')).toBe('wal');
  const full = 2;
  expect(database.get('pragma synchronous')?.number('synchronous')).toBe(full);
  expect(database.get('pragma page_size')?.number('page_size')).toBe(16_384);
});

test('an empty file becomes a store', async () => {
  const path = newPath();
  writeFileSync(path, '');
  const store = opened(path);
  await store.commit(beginning('a'));
  expect(await store.list()).toHaveLength(1);
});

test('a directory is no store', () => {
  const directory = newDirectory();
  const refusal = refusalOf(() => openSqliteStore(directory));
  expect(refusal.code).toBe('notAStore');
  expect(refusal.message).toBe(`${directory} is a directory: name a file for the store`);
});

test('a path through a file is refused with what failed', () => {
  const path = newPath();
  writeFileSync(path, 'x');
  const refusal = refusalOf(() => openSqliteStore(join(path, 'sub', 'runs.db')));
  expect(refusal.code).toBe('notWritable');
  expect(refusal.message).toContain('ENOTDIR');
});

test('a link that leads nowhere is not followed', () => {
  const path = newPath();
  symlinkSync(join(dirname(path), 'elsewhere'), path);
  expect(refusalOf(() => openSqliteStore(path)).code).toBe('notWritable');
  expect(namesIn(dirname(path))).toEqual(['runs.db']);
});

/** How opening ends for a user who owns nothing here. */
async function refusalForOthers(path: string): Promise<unknown> {
  const child = fork(join(import.meta.dirname, 'open-unprivileged.ts'), [path], {
    execArgv: ['--conditions=virtstate-source'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const [message]: unknown[] = await once(child, 'message');
  return message;
}

test('a directory that may not be written is named', async () => {
  const directory = join(newDirectory(), 'sealed');
  mkdirSync(directory);
  chmodSync(dirname(directory), 0o755);
  chmodSync(directory, 0o555);
  const path = join(directory, 'runs.db');
  expect(await refusalForOthers(path)).toEqual({
    code: 'notWritable',
    message: expect.stringContaining(`${path} cannot be made: EACCES`),
  });
  expect(await refusalForOthers(join(directory, 'sub', 'runs.db'))).toEqual({
    code: 'notWritable',
    message: expect.stringContaining(`the directory ${join(directory, 'sub')} of the store`),
  });
  expect(namesIn(directory)).toEqual([]);
});

test('a store in a directory that may not be written is left as it is', async () => {
  const path = newPath();
  const store = openSqliteStore(path);
  await store.commit(beginning('a'));
  await store.close();
  chmodSync(path, 0o400);
  chmodSync(dirname(path), 0o555);
  onTestFinished(() => chmodSync(dirname(path), 0o700));
  expect(await refusalForOthers(path)).toEqual({
    code: 'notWritable',
    message: expect.stringContaining(path),
  });
  chmodSync(path, 0o600);
  expect(await opened(path).list()).toHaveLength(1);
});
