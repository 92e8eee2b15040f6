import { copyFileSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { batchOf, beginning, ended } from '../../contract/store-batches.ts';
import { newPath, opened } from './place.ts';

const value = 'migration-cookie-7f3a';
const secrets = [{ id: 's', rootId: 'a', value }];
const noSecret = { name: 'StoreError', code: 'noSecret' };

function edit(path: string, sql: string): void {
  const database = new DatabaseSync(path);
  database.exec(sql);
  database.close();
}

test('no file of the store shows a secret', async () => {
  const path = newPath();
  const store = opened(path);
  await store.commit({ ...beginning('a'), secrets });
  const holding = readdirSync(dirname(path)).filter((name) =>
    readFileSync(join(dirname(path), name)).includes(value),
  );
  expect(holding).toEqual([]);
  expect(await store.reveal('s')).toBe(value);
});

test('a copy of the database without the key shows nothing', async () => {
  const path = newPath();
  const store = opened(path);
  await store.commit({ ...beginning('a'), secrets });
  edit(path, 'pragma wal_checkpoint(truncate)');
  const copy = newPath();
  copyFileSync(path, copy);
  await expect(opened(copy).reveal('s')).rejects.toMatchObject(noSecret);
  copyFileSync(`${path}.key`, `${copy}.key`);
  expect(await opened(copy).reveal('s')).toBe(value);
});

test('another key opens nothing', async () => {
  const path = newPath();
  await opened(path).commit({ ...beginning('a'), secrets });
  writeFileSync(`${path}.key`, Buffer.alloc(32, 1));
  await expect(opened(path).reveal('s')).rejects.toMatchObject(noSecret);
});

test('a key of the wrong size is not used to seal with', async () => {
  const path = newPath();
  writeFileSync(`${path}.key`, 'short');
  const sealing = opened(path).commit({ ...beginning('a'), secrets });
  await expect(sealing).rejects.toMatchObject({ code: 'notWritable' });
});

test('a secret is of use only under its own name and for its own run', async () => {
  const path = newPath();
  const store = opened(path);
  await store.commit({ ...beginning('a', 'b'), secrets });
  edit(path, `update secrets set id = 'other'`);
  await expect(store.reveal('other')).rejects.toMatchObject(noSecret);
  edit(path, `update secrets set id = 's'`);
  expect(await store.reveal('s')).toBe(value);
  edit(path, `update secrets set root = (select id from runs where run_id = 'b')`);
  await expect(store.reveal('s')).rejects.toMatchObject(noSecret);
});

test('one key serves every engine of a store, and outlives them', async () => {
  const path = newPath();
  const [one, other] = [opened(path), opened(path)];
  await one.commit({ ...beginning('a'), secrets });
  const made = statSync(`${path}.key`).ino;
  await other.commit({ ...beginning('b'), secrets: [{ id: 't', rootId: 'b', value: 'v' }] });
  await one.close();
  expect(statSync(`${path}.key`).ino).toBe(made);
  expect(await opened(path).reveal('t')).toBe('v');
});

test('no row of a pruned run is left in any table', async () => {
  const path = newPath();
  const store = opened(path);
  await store.acquire('a', [{ name: 'domain', capacity: 1 }], { wait: false });
  const stream = { processedBytes: 1, totalBytes: 2, remainingBytes: 1, bytesPerS: null };
  const overlay = { kind: 'overlay', host: 'h', path: '/p', status: 'made' };
  await store.commit({
    ...beginning('a'),
    secrets,
    artefacts: [{ runId: 'a', artefacts: [overlay] }],
    timers: [{ runId: 'a', timers: [{ id: 't', dueAtEpochMs: 1, event: { type: 'x' } }] }],
    progress: [{ rootId: 'a', streams: [{ stream: 'memory', ...stream }] }],
  });
  await store.post('a', { type: 'abort.requested' });
  await store.park('a', { code: 'x', message: 'x', effect: 'none' });
  await store.abandon('a');
  expect(await store.prune(Date.now() + 1_000)).toBe(1);
  const database = new DatabaseSync(path);
  const tables = database
    .prepare(`select name from sqlite_schema where type = 'table' and name not like 'sqlite_%'`)
    .all()
    .map(({ name }) => String(name));
  const filled = tables.filter((name) => database.prepare(`select 1 from ${name}`).get());
  database.close();
  expect(filled.toSorted()).toEqual(['engines', 'states']);
});

test('a lost key costs the secrets, not the runs', async () => {
  const path = newPath();
  const store = opened(path);
  await store.commit({ ...beginning('a'), secrets });
  rmSync(`${path}.key`);
  const later = opened(path);
  await expect(later.reveal('s')).rejects.toMatchObject({
    message: expect.stringContaining(`${path}.key`),
  });
  await store.commit(batchOf({ runs: [ended('a')] }));
  expect(await later.summary('a')).toMatchObject({ outcome: 'completed' });
});
