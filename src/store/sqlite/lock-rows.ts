import type { LockRequest, LockVerdict } from '../../ports/run-store.ts';
import type { NameInUse } from '../lock-verdict.ts';
import { judgeLocks } from '../lock-verdict.ts';
import type { Database } from './database.ts';

/** Within a transaction: all of the locks, or the reason why not yet. */
export function tryLocks(
  database: Database,
  rootId: string,
  engine: number,
  locks: readonly LockRequest[],
): LockVerdict {
  const ticket = database.get('select id from tickets where run_id = ?', rootId)?.number('id');
  const verdict = judgeLocks(rootId, locks, (name) => inUse(database, name, ticket ?? null));
  if (!verdict.granted) return verdict;
  dropTicket(database, rootId);
  for (const { name, capacity } of locks) {
    database.run(
      `insert into locks (name, run_id, capacity, engine) values (?, ?, ?, ?)
       on conflict do update set capacity = excluded.capacity, engine = excluded.engine`,
      name,
      rootId,
      capacity,
      engine,
    );
  }
  return verdict;
}

/** Within a transaction: a place in the queue, unless there is one already. */
export function drawTicket(
  database: Database,
  rootId: string,
  engine: number,
  locks: readonly LockRequest[],
): void {
  const { changes, id } = database.run(
    'insert into tickets (run_id, engine) values (?, ?) on conflict do nothing',
    rootId,
    engine,
  );
  if (changes === 0) return;
  for (const { name } of locks) {
    database.run('insert or ignore into wanted_locks (name, ticket) values (?, ?)', name, id);
  }
}

/** Within a transaction. */
export function dropTicket(database: Database, rootId: string): void {
  database.run(
    'delete from wanted_locks where ticket in (select id from tickets where run_id = ?)',
    rootId,
  );
  database.run('delete from tickets where run_id = ?', rootId);
}

function inUse(database: Database, name: string, ticket: number | null): NameInUse {
  const holders = database
    .all('select run_id, capacity from locks where name = ? order by rowid', name)
    .map((row) => ({ rootId: row.text('run_id'), capacity: row.number('capacity') }));
  const ahead = database.get(
    'select count(*) as ahead from wanted_locks where name = ? and ticket < coalesce(?, 9e18)',
    name,
    ticket,
  );
  return { holders, ahead: ahead?.number('ahead') ?? 0 };
}

export function locksOf(database: Database, rootId: string): string[] {
  return database
    .all('select name from locks where run_id = ? order by name', rootId)
    .map((row) => row.text('name'));
}
