import { z } from 'zod';

import type { RunStore, RunSummary } from '../../ports/run-store.ts';
import { compose } from '../compose.ts';
import type { Style, Surroundings } from '../display/presenters.ts';
import { oneLine } from '../display/quantities.ts';
import { isWaiting, waitingLines } from '../display/records/decision-words.ts';
import { holderInShort, isDriven } from '../display/records/holder-words.ts';
import { parkedLines } from '../display/records/next-steps.ts';
import { exitStatus, gravest } from '../exit-status.ts';
import { createLog } from '../log.ts';
import { readCommonOptions } from '../options/common-options.ts';
import { UsageError } from '../options/usage-error.ts';
import { driveRecovered } from '../driving/drive-recovered.ts';
import { noRuns, resolveRun } from '../records/resolve-run.ts';
import { storePlaceOf, storeWords, withStore } from '../records/with-store.ts';

const ownOptions = z.object({ giveUp: z.string().optional() });

/**
 * `virtstate recover`: takes up the runs that nobody drives, and drives them to their end.
 *
 * @returns the gravest of its runs: 70, 3, 75, 1, 0
 * @throws UsageError, StoreError
 */
export async function recover(
  beginnings: readonly string[],
  options: Record<string, unknown>,
  surroundings: Surroundings,
): Promise<number> {
  const { style } = readCommonOptions(options);
  const { giveUp } = ownOptions.parse(options);
  if (giveUp !== undefined && beginnings.length > 0)
    throw new UsageError('--give-up ends one run and recovers none: leave the others out');
  const place = storePlaceOf(options, surroundings);
  return withStore(
    place,
    async (store) => {
      if (giveUp !== undefined) return abandon(store, giveUp, { style, surroundings });
      const named = await Promise.all(beginnings.map((one) => resolveRun(store, one)));
      const sum = await takeUp(store, named, options, surroundings);
      return sumUp(sum, { place, style, surroundings });
    },
    () => {
      const [first = giveUp] = beginnings;
      if (first !== undefined) return noRuns(first, place);
      const nothing = { recovered: 0, parked: 0, waiting: 0, status: exitStatus.completed };
      return sumUp(nothing, { place, style, surroundings });
    },
  );
}

interface Sum {
  readonly recovered: number;
  readonly parked: number;
  /** For a person's decision: nothing was done with them. */
  readonly waiting: number;
  readonly status: number;
}

interface Telling {
  readonly style: Style;
  readonly surroundings: Surroundings;
}

/** @throws UsageError where a named run is over or somebody's, StoreError */
async function takeUp(
  store: RunStore,
  named: readonly RunSummary[],
  options: Record<string, unknown>,
  surroundings: Surroundings,
): Promise<Sum> {
  const { style, logLevel } = readCommonOptions(options);
  const { config, inspectUri, output, now } = surroundings;
  for (const run of named) refuseWhereDriven(run);
  const unfinished = named.length > 0 ? named : await store.list({ finished: false });
  for (const run of unfinished.filter(isDriven))
    output.say(`virtstate: run ${nameOf(run)} is driven by ${holderInShort(run)}: left to it`);
  const free = unfinished.filter((run) => !isDriven(run));
  const waiting = free.filter(isWaiting);
  for (const run of waiting)
    waitingLines(run, now(), style).forEach((words) => output.print(words));
  const candidates = free.filter((run) => !isWaiting(run));
  const only = named.length + waiting.length > 0 ? candidates.map(({ id }) => id) : null;
  if (only?.length === 0)
    return { recovered: 0, parked: 0, waiting: waiting.length, status: exitStatus.completed };
  const composition = compose({ config, inspectUri, log: createLog(logLevel, output), store });
  try {
    const task = { candidates, only, style, more: storeWords(options) };
    const { statuses, parked } = await driveRecovered(composition, store, task, surroundings);
    if (statuses.length + parked.length === 0) await refuseTaken(store, named);
    for (const { id } of parked) {
      const run = await store.summary(id);
      if (run !== null) parkedLines(run, now(), style).forEach((words) => output.print(words));
    }
    const status = gravest([...statuses, ...parked.map(() => exitStatus.needsOperator)]);
    return { recovered: statuses.length, parked: parked.length, waiting: waiting.length, status };
  } finally {
    await composition.close();
  }
}

function sumUp(sum: Sum, { place, style, surroundings }: Telling & { place: string }): number {
  const { output, now } = surroundings;
  const line = { type: 'recover.finished', at: now(), ...sum };
  if (style === 'json') output.print(JSON.stringify(line));
  else if (sum.recovered + sum.parked + sum.waiting === 0)
    output.print(`nothing to recover in ${place}`);
  return sum.status;
}

/** Somebody else was faster. @throws UsageError */
async function refuseTaken(store: RunStore, named: readonly RunSummary[]): Promise<void> {
  for (const { id } of named) {
    const run = await store.summary(id);
    if (run !== null) refuseWhereDriven(run);
  }
}

function nameOf({ id, subject, machine }: RunSummary): string {
  return oneLine(`${id} (${subject ?? machine})`);
}

/** @throws UsageError */
function refuseWhereDriven(run: RunSummary): void {
  if (run.finishedAtEpochMs !== null)
    throw new UsageError(`run ${nameOf(run)} has ended: ${run.outcome ?? 'no outcome'}`);
  if (isDriven(run))
    throw new UsageError(`run ${nameOf(run)} is driven by ${holderInShort(run)}, which lives`);
}

/** An operator has looked: the run ends as it is. @throws UsageError where it is not parked */
async function abandon(
  store: RunStore,
  beginning: string,
  { style, surroundings }: Telling,
): Promise<number> {
  const { output, now } = surroundings;
  const run = await resolveRun(store, beginning);
  if ((await store.abandon(run.id)) === 'notParked') {
    if (run.finishedAtEpochMs !== null || isDriven(run)) refuseWhereDriven(run);
    throw new UsageError(
      `run ${nameOf(run)} is not parked: virtstate recover ${run.id} goes on with it`,
    );
  }
  const line = { type: 'run.abandoned', at: now(), run: run.id };
  const words = `given up: run ${nameOf(run)}: its record stays, what it kept others from is free, no host was touched`;
  output.print(style === 'json' ? JSON.stringify(line) : words);
  return exitStatus.completed;
}
