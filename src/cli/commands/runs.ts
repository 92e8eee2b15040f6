import { z } from 'zod';

import type { RunFilter, RunSummary } from '../../ports/run-store.ts';
import type { Surroundings } from '../display/presenters.ts';
import { toRunObject, toRunTable } from '../display/records/run-list.ts';
import { exitStatus } from '../exit-status.ts';
import { readCommonOptions } from '../options/common-options.ts';
import { wholeNumber } from '../options/option-values.ts';
import { UsageError } from '../options/usage-error.ts';
import { shortIdLengthOf } from '../records/resolve-run.ts';
import { storePlaceOf, withStore } from '../records/with-store.ts';

const given = z.literal(true).optional();
const ownOptions = z.object({
  all: given,
  finished: given,
  unfinished: given,
  limit: wholeNumber(1, 100_000, 'runs'),
  watch: given,
});

/**
 * `virtstate runs`: what is on record, the latest first.
 *
 * @throws UsageError, StoreError
 */
export async function runs(
  options: Record<string, unknown>,
  surroundings: Surroundings,
): Promise<number> {
  const { style } = readCommonOptions(options);
  const { filter, limit, watch } = readFilter(options);
  const { output } = surroundings;
  const place = storePlaceOf(options, surroundings);
  if (watch) {
    const watched = { filter, limit, style, nothing: noneOf(filter, place) };
    return withStore(
      place,
      async (store) => {
        const { watchRuns } = await import('./watch-runs.ts');
        await watchRuns(store, watched, surroundings);
        return exitStatus.completed;
      },
      () => {
        throw new UsageError(`there is no store at ${place} yet`);
      },
    );
  }
  const { found, idLength } = await withStore(
    place,
    async (store) => ({
      // One more than is shown tells whether there are more.
      found: await store.list({ ...filter, limit: limit + 1 }),
      idLength: shortIdLengthOf((await store.list()).map(({ id }) => id)),
    }),
    () => ({ found: [], idLength: 0 }),
  );
  const shown = found.slice(0, limit);
  if (style === 'json')
    for (const run of shown) output.print(JSON.stringify({ type: 'run', ...toRunObject(run) }));
  else toWords(shown, idLength, { filter, place }).forEach((line) => output.print(line));
  if (found.length > limit) output.say(`virtstate: there are more (--limit ${limit})`);
  return exitStatus.completed;
}

/** By default what is not over: finished runs are history. @throws UsageError */
function readFilter(options: Record<string, unknown>): {
  filter: RunFilter;
  limit: number;
  watch: boolean;
} {
  const parsed = ownOptions.safeParse(options);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new UsageError(`--${String(issue?.path[0])} ${issue?.message ?? 'is wrong'}`);
  }
  const { all, finished, limit, unfinished } = parsed.data;
  const watch = parsed.data.watch === true;
  if ([all, finished, unfinished].filter((one) => one === true).length > 1)
    throw new UsageError('--all, --finished and --unfinished exclude each other: give one');
  if (all === true) return { filter: {}, limit, watch };
  return { filter: { finished: finished === true }, limit, watch };
}

function toWords(
  shown: readonly RunSummary[],
  idLength: number,
  { filter, place }: { readonly filter: RunFilter; readonly place: string },
): string[] {
  return shown.length > 0 ? toRunTable(shown, idLength) : noneOf(filter, place);
}

function noneOf(filter: RunFilter, place: string): string[] {
  const hint = filter.finished === false ? '; --all lists finished ones, too' : '';
  const which = { true: 'finished ', false: 'unfinished ', undefined: '' } as const;
  return [`no ${which[`${filter.finished}`]}runs in ${place}${hint}`];
}
