import type { Surroundings } from '../display/presenters.ts';
import { toRunDetails, toRunPage } from '../display/records/run-page.ts';
import { exitStatus } from '../exit-status.ts';
import { readCommonOptions } from '../options/common-options.ts';
import { loadRun } from '../records/load-run.ts';
import { noRuns, resolveRun } from '../records/resolve-run.ts';
import { storePlaceOf, withStore } from '../records/with-store.ts';

/**
 * `virtstate show`: everything that is on record of one run. Asks no host.
 *
 * @throws UsageError, StoreError
 */
export async function show(
  beginning: string,
  options: Record<string, unknown>,
  surroundings: Surroundings,
): Promise<number> {
  const { style } = readCommonOptions(options);
  const { output, now } = surroundings;
  const place = storePlaceOf(options, surroundings);
  return withStore(
    place,
    async (store) => {
      const run = await loadRun(store, await resolveRun(store, beginning));
      if (style === 'json') output.print(JSON.stringify(toRunDetails(run)));
      else toRunPage(run, now()).forEach((line) => output.print(line));
      return exitStatus.completed;
    },
    () => noRuns(beginning, place),
  );
}
