import type { JournalRow, RunRecord } from '../../ports/run-store.ts';
import type { Failure } from '../../ports/failure.ts';
import { z } from 'zod';

import type { StateEvent } from '../display/run-events.ts';
import { toStateEvent } from '../display/run-events.ts';
import type { LoadedRun } from './load-run.ts';
import { machineOf, readSnapshot, statesAround } from './stored-machines.ts';

/** One step of a run, as it stands on record. */
export interface StoredStep {
  readonly atEpochMs: number;
  readonly machine: string;
  readonly event: string;
  readonly effectKey: string | null;
  readonly failure: Failure | null;
  /** States that were entered, in which the run stood afterwards. */
  readonly entered: readonly StateEvent[];
}

const failed = z.looseObject({
  error: z.looseObject({
    code: z.string(),
    message: z.string(),
    effect: z.enum(['none', 'done', 'unknown']),
  }),
});

/** The way of a run and of its children so far. */
export function pathOf({
  family,
  journal,
  rootId,
}: Pick<LoadedRun, 'family' | 'journal'> & { readonly rootId: string }): StoredStep[] {
  const records = new Map(family.map(({ record }) => [record.id, record]));
  return journal.map((row) => {
    const record = records.get(row.runId);
    const { atEpochMs, event, effectKey } = row;
    const entered = record === undefined ? [] : enteredBy(row, record, rootId);
    const machine = record?.machine ?? '';
    const failure = failed.safeParse(event).data?.error ?? null;
    return { atEpochMs, machine, event: event.type, effectKey, failure, entered };
  });
}

function enteredBy({ from, to, atEpochMs }: JournalRow, record: RunRecord, rootRunId: string) {
  const machine = machineOf(record);
  const context = readSnapshot(record)?.context;
  return to
    .filter((state) => !from.includes(state))
    .map((state) => {
      const around = machine === null ? [] : statesAround(machine, state);
      return toStateEvent({
        runId: record.id,
        rootRunId,
        machine: record.machine,
        atEpochMs,
        state,
        description: around.at(-1)?.description,
        tags: [...new Set(around.flatMap(({ tags }) => tags))],
        meta: Object.assign({}, ...around.map(({ meta }) => meta)),
        context,
      });
    });
}

/** An effect or a watch that is under way, or was when its process ended. */
export interface EffectInFlight {
  readonly key: string;
  readonly src: string;
}

export function effectsInFlight({ family }: LoadedRun): EffectInFlight[] {
  return family
    .filter(({ record }) => record.finishedAtEpochMs === null)
    .flatMap(({ record }) => {
      const children = Object.entries(readSnapshot(record)?.children ?? {});
      const inFlight = children.filter(([, { snapshot }]) => snapshot.status === 'active');
      return inFlight.map(([id, { src }]) => ({
        key: `${record.id}/${id}#${record.entries[id] ?? 0}`,
        src,
      }));
    });
}
