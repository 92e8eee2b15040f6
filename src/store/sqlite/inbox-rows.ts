import type { InboxAnswer, PostedEvent } from '../../ports/run-store.ts';
import { StoreError } from '../../ports/run-store.ts';
import type { Database } from './database.ts';
import { existingRoot } from './run-rows.ts';
import { stored } from './stored-shapes.ts';

/**
 * Within a transaction.
 *
 * @throws StoreError noRun, runFinished
 */
export function postEvent(database: Database, rootId: string, event: string): number {
  const root = existingRoot(database, rootId);
  if (database.get('select 1 from leases where root = ?', root) === null) {
    throw new StoreError('runFinished', `run ${rootId} has ended: it takes no more events`);
  }
  return database.run('insert into inbox (root, event) values (?, ?)', root, event).id;
}

export function readAnswer(database: Database, seq: number): InboxAnswer | null {
  const row = database.get('select answer from inbox where seq = ?', seq);
  if (row === null || row.textOrNull('answer') === null) return null;
  return row.json('answer', stored.answer);
}

/** What waits for an answer of this engine. */
export function readUnanswered(database: Database, engine: number | null): PostedEvent[] {
  const rows = database.all(
    `select seq, run_id, event from inbox join leases using (root)
     join runs on runs.id = inbox.root where engine = ? and answer is null order by seq`,
    engine,
  );
  return rows.map((row) => ({
    seq: row.number('seq'),
    rootId: row.text('run_id'),
    event: row.json('event', stored.event),
  }));
}
