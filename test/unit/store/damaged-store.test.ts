import { chmodSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import { openSqliteStore } from '../../../src/store/sqlite/index.ts';
import { batchOf, beginning, runRecord } from '../../contract/store-batches.ts';
import { newPath, opened, refusalOf } from './place.ts';

const pageBytes = 16_384;

/** A store of some hundred pages, closed. */
async function filledStore(): Promise<string> {
  const path = newPath();
  const store = openSqliteStore(path);
  const pad = 'x'.repeat(5_000);
  const ids = Array.from({ length: 300 }, (_, index) => `run-${index}`);
  const runs = ids.map((id) => runRecord(id, { snapshot: { pad } }));
  await store.commit(batchOf({ runs }));
  await store.close();
  return path;
}

/** Opening must fail and leave every byte as it was. */
function refusalOfFile(path: string) {
  const before = readFileSync(path);
  const refusal = refusalOf(() => openSqliteStore(path));
  expect(readFileSync(path).equals(before)).toBe(true);
  expect(refusal.message).toContain(path);
  return refusal;
}

test('garbage is no store', () => {
  const path = newPath();
  writeFileSync(path, 'not a database, but long enough to be taken for one\n'.repeat(400));
  expect(refusalOfFile(path).code).toBe('notAStore');
});

test('a text shorter than a database’s header is no store', () => {
  const path = newPath();
  writeFileSync(path, 'hello\n');
  expect(refusalOfFile(path).code).toBe('notAStore');
});

test('a truncated store is corrupt', async () => {
  const path = await filledStore();
  truncateSync(path, 40 * pageBytes);
  const refusal = refusalOfFile(path);
  expect(refusal.code).toBe('corrupt');
  expect(refusal.message).toContain('restore a backup');
});

test('a store with overwritten pages is corrupt', async () => {
  const path = await filledStore();
  const bytes = readFileSync(path);
  for (let page = 20; page < 60; page += 1)
    bytes.fill(0xa5, page * pageBytes, (page + 1) * pageBytes);
  writeFileSync(path, bytes);
  expect(refusalOfFile(path).code).toBe('corrupt');
});

test('a store without its beginning is no store', async () => {
  const path = await filledStore();
  const bytes = readFileSync(path);
  bytes.fill(0, 0, 100);
  writeFileSync(path, bytes);
  expect(refusalOfFile(path).code).toBe('notAStore');
});

test('a database of another program is not written to', () => {
  const path = newPath();
  const foreign = new DatabaseSync(path);
  foreign.exec('create table bookmarks (url text)');
  foreign.close();
  chmodSync(path, 0o644);
  const refusal = refusalOfFile(path);
  expect(refusal.code).toBe('notAStore');
  expect(refusal.message).toContain('another program');
  expect((statSync(path).mode & 0o777).toString(8)).toBe('644');
});

test('an empty database that another program has marked is not written to', () => {
  const path = newPath();
  const foreign = new DatabaseSync(path);
  foreign.exec('pragma application_id = 252006673');
  foreign.close();
  expect(refusalOfFile(path).code).toBe('notAStore');
});

test('a row that no store writes is told as corrupt, not believed', async () => {
  const path = newPath();
  const store = opened(path);
  await store.commit(beginning('a'));
  const other = new DatabaseSync(path);
  other.exec(`update runs set snapshot = '{"cut'`);
  other.close();
  await expect(store.load('a')).rejects.toMatchObject({
    code: 'corrupt',
    message: expect.stringContaining('snapshot'),
  });
  expect(await store.list()).toHaveLength(1);
});
