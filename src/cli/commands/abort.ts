import { z } from 'zod';

import type { Surroundings } from '../display/presenters.ts';
import { abortedWords } from '../display/records/end-words.ts';
import { readCommonOptions } from '../options/common-options.ts';
import { noRuns, resolveRun } from '../records/resolve-run.ts';
import { tellDriver } from '../records/tell-driver.ts';
import { storePlaceOf, withStore } from '../records/with-store.ts';

const ownOptions = z.object({ wait: z.boolean() });

/**
 * `virtstate abort`: asks a run to undo what it did, and waits until it has.
 *
 * @returns 0 where it was undone, 1 where it came to its end all the same, 2 where it may not be
 *   aborted now, 3 where an operator is needed, 75 where its end was not seen
 * @throws UsageError, StoreError
 */
export async function abort(
  beginning: string,
  options: Record<string, unknown>,
  surroundings: Surroundings,
): Promise<number> {
  const { style } = readCommonOptions(options);
  const { wait: waits } = ownOptions.parse(options);
  const place = storePlaceOf(options, surroundings);
  const event = { type: 'abort.requested' };
  const telling = { command: 'abort', event, style, waits, endOf: abortedWords };
  return withStore(
    place,
    async (store) => tellDriver(store, await resolveRun(store, beginning), telling, surroundings),
    () => noRuns(beginning, place),
  );
}
