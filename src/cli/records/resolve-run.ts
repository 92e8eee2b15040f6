import type { RunStore, RunSummary } from '../../ports/run-store.ts';
import { nearestName } from '../../requests/nearest.ts';
import { oneLine } from '../display/quantities.ts';
import { UsageError } from '../options/usage-error.ts';

/** Ids are lower-case; what a person copies from elsewhere may not be. */
const anyId = /^[0-9a-zA-Z-]{1,64}$/;
const shownMax = 3;

/**
 * The run whose id begins like this.
 *
 * @throws UsageError where there is none, or more than one
 */
export async function resolveRun(
  store: Pick<RunStore, 'list' | 'summary'>,
  beginning: string,
): Promise<RunSummary> {
  const whole = await store.summary(beginning);
  if (whole !== null) return whole;
  const named = JSON.stringify(oneLine(beginning).slice(0, 64));
  const runs = anyId.test(beginning) ? await store.list() : [];
  const fitting = runs.filter(({ id }) => id.startsWith(beginning.toLowerCase()));
  const [run, ...others] = fitting;
  if (run === undefined)
    throw new UsageError(
      `no run begins with ${named}: virtstate runs --all lists those there are${likeIt(runs, beginning)}`,
    );
  if (others.length === 0) return run;
  const shown = fitting.slice(0, shownMax).map(({ id, subject }) => `${id} (${subject ?? '-'})`);
  const more = fitting.length > shownMax ? `, and ${fitting.length - shownMax} more` : '';
  throw new UsageError(`${fitting.length} runs begin with ${named}: ${shown.join(', ')}${more}`);
}

/** Runs of a domain of that name, else the one whose id differs least. */
function likeIt(runs: readonly RunSummary[], given: string): string {
  const ofDomain = runs.filter(({ subject }) => subject === given).slice(0, shownMax);
  if (ofDomain.length > 0) return `; of ${given} there is ${ofDomain.map(idOf).join(', ')}`;
  const alike = nearestName(
    given,
    runs.map(({ id }) => id.slice(0, given.length)),
  );
  const nearest = runs.find(({ id }) => alike !== null && id.startsWith(alike));
  return nearest === undefined ? '' : `; did you mean ${nearest.id} (${nearest.subject ?? '-'})?`;
}

const idOf = ({ id }: RunSummary): string => id;

/** @throws UsageError */
export function noRuns(beginning: string, place: string): never {
  const named = JSON.stringify(oneLine(beginning).slice(0, 64));
  throw new UsageError(`no run begins with ${named}: there is no store at ${place} yet`);
}

const shortIdLength = 8;

/** How many characters of their ids tell these runs apart; eight where that is enough. */
export function shortIdLengthOf(ids: readonly string[]): number {
  const sorted = [...ids].toSorted();
  let length = shortIdLength;
  for (const [at, id] of sorted.entries()) {
    const next = sorted[at + 1];
    if (next !== undefined) length = Math.max(length, sharedLength(id, next) + 1);
  }
  return length;
}

function sharedLength(one: string, other: string): number {
  let length = 0;
  while (length < one.length && one[length] === other[length]) length += 1;
  return length;
}
