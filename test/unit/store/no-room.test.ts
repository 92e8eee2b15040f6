import { DatabaseSync } from 'node:sqlite';
import { expect, onTestFinished, test } from 'vitest';
import { openDatabase } from '../../../src/store/sqlite/open-database.ts';
import { SqliteStore } from '../../../src/store/sqlite/sqlite-store.ts';
import { batchOf, beginning, ended, runRecord, step } from '../../contract/store-batches.ts';
import { newPath, opened } from './place.ts';

/** A run that takes more room than a few pages have. */
function bigRun(id: string) {
  return runRecord(id, { snapshot: { pad: 'x'.repeat(400_000) } });
}

test('a full disk fails the whole batch, and nothing that was on record is lost', async () => {
  const path = newPath();
  const database = openDatabase(path, { busyTimeoutMs: 1_000 });
  const store = new SqliteStore(database);
  onTestFinished(() => store.close());
  await store.commit(beginning('a'));
  const pages = database.get('pragma page_count')?.number('page_count') ?? 0;
  database.exec(`pragma max_page_count = ${pages + 2}`);
  const batch = { runs: [runRecord('a', { version: '2' }), bigRun('b')] };
  const steps = [step('a', ['a new state']), step('b', ['another'])];
  await expect(store.commit(batchOf({ ...batch, journal: steps }))).rejects.toMatchObject({
    name: 'StoreError',
    code: 'storeFailed',
    message: `no space is left for the store ${path}: nothing was changed; free some space and recover`,
  });
  expect(await store.list()).toMatchObject([{ id: 'a', version: '1' }]);
  expect(await store.journal('a')).toHaveLength(1);
  // There is room again: the same engine goes on.
  database.exec('pragma max_page_count = 4294967294');
  await store.commit(batchOf({ ...batch, journal: steps }));
  expect((await store.journal('a'))?.at(-1)?.to).toEqual(['a new state']);
  expect((await opened(path).journal('b'))?.at(-1)?.to).toEqual(['another']);
});

test('a store that another process keeps locked fails after the timeout, and not for ever', async () => {
  const path = newPath();
  const store = opened(path, { busyTimeoutMs: 50 });
  await store.commit(beginning('a'));
  const other = new DatabaseSync(path);
  onTestFinished(() => other.close());
  other.exec('begin immediate');
  await expect(store.commit(batchOf({ runs: [ended('a')] }))).rejects.toMatchObject({
    code: 'storeFailed',
    message: `the store ${path} was in use by another process for 0.05 s: nothing was changed; try again`,
  });
  expect(await store.summary('a')).toMatchObject({ outcome: null });
  other.exec('rollback');
  await store.commit(batchOf({ runs: [ended('a')] }));
  expect(await store.summary('a')).toMatchObject({ outcome: 'completed' });
});

test('an engine that cannot strike itself off leaves its runs to others all the same', async () => {
  const path = newPath();
  const store = opened(path, { busyTimeoutMs: 50 });
  await store.commit(beginning('a'));
  const other = new DatabaseSync(path);
  other.exec('begin immediate');
  await expect(store.close()).rejects.toMatchObject({ code: 'storeFailed' });
  other.close();
  const later = opened(path);
  expect((await later.summary('a'))?.holder).toMatchObject({ alive: false });
  expect(await later.takeOver()).toHaveLength(1);
});
