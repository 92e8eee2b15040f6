import { z } from 'zod';

import type { Surroundings } from '../display/presenters.ts';
import { formatMoment } from '../display/quantities.ts';
import { exitStatus } from '../exit-status.ts';
import { readCommonOptions } from '../options/common-options.ts';
import { timeSpan } from '../options/time-span.ts';
import { UsageError } from '../options/usage-error.ts';
import { storePlaceOf, withStore } from '../records/with-store.ts';

const ownOptions = z.object({ olderThan: timeSpan });

/**
 * `virtstate prune`: forgets finished runs, never an unfinished one.
 *
 * @throws UsageError, StoreError
 */
export async function prune(
  options: Record<string, unknown>,
  surroundings: Surroundings,
): Promise<number> {
  const { style } = readCommonOptions(options);
  const { output, now } = surroundings;
  const parsed = ownOptions.safeParse(options);
  if (!parsed.success)
    throw new UsageError(`--older-than ${parsed.error.issues[0]?.message ?? 'is wrong'}`);
  const before = now() - parsed.data.olderThan;
  const place = storePlaceOf(options, surroundings);
  const pruned = await withStore(
    place,
    (store) => store.prune(before),
    () => 0,
  );
  const line = { type: 'runs.pruned', pruned, finishedBefore: before };
  const words = `${pruned} finished ${pruned === 1 ? 'run' : 'runs'} forgotten, ended before ${formatMoment(before)}`;
  output.print(style === 'json' ? JSON.stringify(line) : words);
  return exitStatus.completed;
}
