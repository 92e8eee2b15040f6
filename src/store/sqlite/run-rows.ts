import { StoreError } from '../../ports/run-store.ts';
import type { Database } from './database.ts';

/** The row of a run at the top; `null`: there is none. */
export function findRoot(database: Database, rootId: string): number | null {
  const row = database.get('select id from runs where run_id = ? and root is null', rootId);
  return row?.number('id') ?? null;
}

/** @throws StoreError noRun */
export function existingRoot(database: Database, rootId: string): number {
  const root = findRoot(database, rootId);
  if (root === null) throw new StoreError('noRun', `no run ${rootId} is on record`);
  return root;
}

const endedAnswer = JSON.stringify({
  accepted: false,
  reason: 'the run has ended',
  allowed: [],
});

/**
 * Within a transaction: a run at the top is over. What it needed for itself goes, and nobody waits
 * for an answer for ever.
 */
export function concludeRun(database: Database, root: number, rootId: string): void {
  database.run('delete from leases where root = ?', root);
  database.run('delete from locks where run_id = ?', rootId);
  database.run('delete from secrets where root = ?', root);
  database.run('update inbox set answer = ? where root = ? and answer is null', endedAnswer, root);
}

/** Within a transaction: everything that belongs to a run at the top that has ended. */
export function eraseRun(database: Database, root: number): void {
  const family = 'select id from runs where id = ? or root = ?';
  for (const table of ['journal', 'timers', 'artefacts']) {
    database.run(`delete from ${table} where run in (${family})`, root, root);
  }
  for (const table of ['progress', 'inbox', 'secrets', 'parked', 'runs']) {
    database.run(`delete from ${table} where root = ?`, root);
  }
  database.run('delete from runs where id = ?', root);
}

/** So many runs are pruned in one transaction: nobody who wants to write waits for long. */
export const pruneChunk = 100;

/** Within a transaction: the first of those runs that ended before; how many they were. */
export function pruneSome(database: Database, finishedBeforeEpochMs: number): number {
  const rows = database.all(
    'select id from runs where root is null and finished_at < ? limit ?',
    finishedBeforeEpochMs,
    pruneChunk,
  );
  for (const row of rows) eraseRun(database, row.number('id'));
  return rows.length;
}

/**
 * Within a transaction: a parked run ends as it stands, with all its children.
 *
 * @throws StoreError noRun
 */
export function abandonRun(database: Database, rootId: string): 'abandoned' | 'notParked' {
  const root = existingRoot(database, rootId);
  const isParked = 'select 1 from parked join leases using (root) where root = ?';
  if (database.get(isParked, root) === null) return 'notParked';
  const unfinished = 'select id from runs where (id = ? or root = ?) and finished_at is null';
  database.run(`delete from timers where run in (${unfinished})`, root, root);
  database.run(
    `update runs set finished_at = ?, outcome = 'needsOperator' where id in (${unfinished})`,
    Date.now(),
    root,
    root,
  );
  concludeRun(database, root, rootId);
  return 'abandoned';
}
