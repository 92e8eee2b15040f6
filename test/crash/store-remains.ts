import { existsSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';

/** What a run holds only until it has ended. */
const held = ['leases', 'locks', 'tickets', 'wanted_locks', 'secrets', 'parked'] as const;

/** What a store still holds of runs that are over. */
export function storeRemains(storePath: string): string[] {
  if (!existsSync(storePath)) return [];
  // Whoever leaves a store last folds its log into the file, and nobody reads it meanwhile.
  const database = new DatabaseSync(storePath, { readOnly: true, timeout: 5_000 });
  try {
    return held.flatMap((table) => {
      const row = database.prepare(`select count(*) as rows from ${table}`).get();
      return row?.['rows'] === 0 ? [] : [`${table} in the store`];
    });
  } finally {
    database.close();
  }
}
