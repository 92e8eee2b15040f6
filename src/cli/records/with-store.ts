import { existsSync } from 'node:fs';
import { homedir } from 'node:os';

import type { RunStore } from '../../ports/run-store.ts';
import { openStore } from '../compose.ts';
import { quoted } from '../display/quantities.ts';
import { readStorePlace } from '../options/store-place.ts';
import type { Surroundings } from '../display/presenters.ts';

/** Where the runs of this command stand. @throws UsageError */
export function storePlaceOf(
  options: Record<string, unknown>,
  { environment }: Pick<Surroundings, 'environment'>,
): string {
  const isRoot = process.getuid?.() === 0;
  return readStorePlace(options, { environment, homeDirectory: homedir(), isRoot });
}

/** What another command needs so that it finds the same runs. */
export function storeWords({ store }: Record<string, unknown>): string {
  return typeof store === 'string' ? ` --store ${quoted(store)}` : '';
}

/**
 * Works on the runs that are on record; what only reads makes no file: where there is none, there are
 * no runs.
 *
 * @throws StoreError where the file cannot be used
 */
export async function withStore<Result>(
  place: string,
  work: (store: RunStore) => Promise<Result>,
  otherwise: () => Promise<Result> | Result,
): Promise<Result> {
  if (!existsSync(place)) return otherwise();
  const store = await openStore(place);
  try {
    return await work(store);
  } finally {
    await store.close();
  }
}
