import type { RunFilter, RunSummary, StoredRun } from '../../ports/run-store.ts';
import type { KeptFamily, KeptRun, SharedMemory } from './shared-memory.ts';
import { parseRecord } from './shared-memory.ts';

export function readRun({ record, timers }: KeptRun): StoredRun {
  return { record: parseRecord(record), timers: JSON.parse(timers) };
}

export function readFamily(family: KeptFamily): StoredRun[] {
  return [...family.runs.values()].map(readRun);
}

export function summarise(memory: SharedMemory, rootId: string): RunSummary | null {
  const family = memory.families.get(rootId);
  const root = family?.runs.get(rootId);
  if (family === undefined || root === undefined) return null;
  const { id, machine, version, subject, startedAtEpochMs, finishedAtEpochMs, outcome } =
    parseRecord(root.record);
  const active = [...family.runs.values()].filter(
    (run) => run === root || (root.finishedAtEpochMs === null && run.finishedAtEpochMs === null),
  );
  return {
    id,
    machine,
    version,
    subject,
    startedAtEpochMs,
    finishedAtEpochMs,
    outcome,
    states: active.flatMap((run) => run.states),
    holder: family.engineId === null ? null : memory.viewOf(family.engineId),
    parked: family.parked === null ? null : JSON.parse(family.parked),
  };
}

/** Where a run stands in the order of their beginning; 0 where there is no such run. */
export function placeIn(ids: readonly string[], id: string): number {
  return Math.max(0, ids.indexOf(id));
}

export function fits(run: RunSummary, filter: RunFilter): boolean {
  const { beginning = '', finished, machine, outcome, subject } = filter;
  return (
    (finished === undefined || (run.finishedAtEpochMs !== null) === finished) &&
    (machine === undefined || run.machine === machine) &&
    (subject === undefined || run.subject === subject) &&
    (outcome === undefined || run.outcome === outcome) &&
    run.id.startsWith(beginning)
  );
}
