import { DatabaseSync } from 'node:sqlite';
import { expect, onTestFinished, test } from 'vitest';
import { openDatabase } from '../../../src/store/sqlite/open-database.ts';
import { schemaUpgrades } from '../../../src/store/sqlite/schema.ts';
import { openSqliteStore } from '../../../src/store/sqlite/index.ts';
import { beginning } from '../../contract/store-batches.ts';
import { newPath, opened, openedElsewhere, refusalOf } from './place.ts';

const later = [
  ...schemaUpgrades,
  'alter table runs add column note text',
  `update runs set note = 'upgraded'; create index runs_of_note on runs (note)`,
];

function open(path: string, upgrades: readonly string[]) {
  return openDatabase(path, { busyTimeoutMs: 1_000, upgrades });
}

function versionOf(path: string): unknown {
  const database = new DatabaseSync(path);
  onTestFinished(() => database.close());
  return database.prepare('pragma user_version').get()?.['user_version'];
}

async function storeOfThisVersion(): Promise<string> {
  const path = newPath();
  const store = openSqliteStore(path);
  await store.commit(beginning('a'));
  await store.close();
  return path;
}

test('an older store is brought up to date in order, and keeps its runs', async () => {
  const path = await storeOfThisVersion();
  const database = open(path, later);
  expect(database.all('select run_id, note from runs').map((row) => row.text('note'))).toEqual([
    'upgraded',
  ]);
  database.close();
  expect(versionOf(path)).toBe(later.length);
  open(path, later).close();
});

function schemaOf(path: string): string[] {
  const database = open(path, later);
  const rows = database.all('select name from sqlite_schema order by name');
  database.close();
  return rows.map((row) => row.text('name'));
}

test('a new store and an upgraded one have the same schema', async () => {
  expect(schemaOf(await storeOfThisVersion())).toEqual(schemaOf(newPath()));
});

test('an upgrade that fails leaves the store as it was', async () => {
  const path = await storeOfThisVersion();
  const broken = [...later, 'alter table nothing add column x'];
  expect(refusalOf(() => open(path, broken)).code).toBe('storeFailed');
  expect(versionOf(path)).toBe(schemaUpgrades.length);
  expect(await opened(path).list()).toHaveLength(1);
});

test('a store is not changed under an engine of an older version', async () => {
  const path = newPath();
  const { store, process: child } = await openedElsewhere(path);
  await store.commit(beginning('a'));
  const refusal = refusalOf(() => open(path, later));
  expect(refusal.message).toContain(`process ${child.pid}`);
  await store.close();
  open(path, later).close();
});

test('a store of a newer version is refused, and not written to', async () => {
  const path = await storeOfThisVersion();
  open(path, later).close();
  const refusal = refusalOf(() => openSqliteStore(path));
  expect(refusal.code).toBe('newerStore');
  expect(refusal.message).toContain(`schema ${later.length}, known here: ${schemaUpgrades.length}`);
  expect(versionOf(path)).toBe(later.length);
});
