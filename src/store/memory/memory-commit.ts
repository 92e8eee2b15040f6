import type { CommitBatch, RunRecord } from '../../ports/run-store.ts';
import { StoreError } from '../../ports/run-store.ts';
import { toText } from '../to-text.ts';
import type { KeptFamily, SharedMemory } from './shared-memory.ts';

/** One change, computed before any of them is made: all or nothing. */
type Change = () => void;

/** Every change of a batch, checked and written as text; none of them is made yet. */
export function planCommit(memory: SharedMemory, engineId: string, batch: CommitBatch): Change[] {
  const begun = new Map<string, string>();
  const mine = (rootId: string): boolean => memory.families.get(rootId)?.engineId === engineId;
  for (const run of batch.runs) {
    if (run.id === run.rootId && !memory.families.has(run.id)) begun.set(run.id, run.id);
  }
  for (const { id, rootId } of batch.runs) {
    if (!begun.has(rootId) && !mine(rootId)) throw leaseLost(rootId);
    begun.set(id, rootId);
  }
  const rootOf = (runId: string): string => {
    const rootId = begun.get(runId) ?? memory.rootIds.get(runId);
    if (rootId === undefined) throw leaseLost(runId);
    if (!begun.has(rootId) && !mine(rootId)) throw leaseLost(rootId);
    return rootId;
  };
  // A family begins with its run at the top, in whatever order a batch names them.
  const tops = batch.runs.filter(({ id, rootId }) => id === rootId);
  const children = batch.runs.filter(({ id, rootId }) => id !== rootId);
  return [
    ...[...tops, ...children].map((run) => planRun(memory, engineId, run)),
    ...planBelongings(memory, batch, rootOf),
    ...batch.secrets.map(({ id, rootId, value }): Change => {
      rootOf(rootId);
      return () => memory.secrets.set(id, { rootId, value });
    }),
    ...planProgress(memory, engineId, batch),
    ...planAnswers(memory, batch, mine),
    ...batch.runs
      .filter(({ finishedAtEpochMs }) => finishedAtEpochMs !== null)
      .map((run) => () => memory.end(run.id, run.rootId)),
  ];
}

function planRun(memory: SharedMemory, engineId: string, run: RunRecord): Change {
  const record = toText(run, `run ${run.id}`);
  const { id, rootId, finishedAtEpochMs } = run;
  return () => {
    const family = memory.families.get(rootId) ?? newFamily(engineId);
    memory.families.set(rootId, family);
    memory.rootIds.set(id, rootId);
    const kept = family.runs.get(id) ?? { timers: '[]', artefacts: '[]', states: [] };
    family.runs.set(id, { ...kept, record, finishedAtEpochMs });
  };
}

function newFamily(engineId: string): KeptFamily {
  return { runs: new Map(), journal: [], progress: new Map(), engineId, parked: null };
}

/** What belongs to one run: its steps, its timers, what it made. */
function planBelongings(
  memory: SharedMemory,
  batch: CommitBatch,
  rootOf: (runId: string) => string,
): Change[] {
  const steps = batch.journal.map((row): Change => {
    const rootId = rootOf(row.runId);
    const text = toText(row, `a step of run ${row.runId}`);
    const states = [...row.to];
    return () => {
      const family = memory.families.get(rootId);
      const kept = family?.runs.get(row.runId);
      family?.journal.push(text);
      if (kept !== undefined) kept.states = states;
    };
  });
  const change = (runId: string, changed: { timers: string } | { artefacts: string }): Change => {
    const rootId = rootOf(runId);
    return () => {
      const kept = memory.families.get(rootId)?.runs.get(runId);
      if (kept !== undefined) Object.assign(kept, changed);
    };
  };
  const timers = batch.timers.map(({ runId, timers: due }) =>
    change(runId, { timers: toText(due, `timers of run ${runId}`) }),
  );
  const artefacts = batch.artefacts.map(({ runId, artefacts: made }) =>
    change(runId, { artefacts: toText(made, `artefacts of run ${runId}`) }),
  );
  return [...steps, ...timers, ...artefacts];
}

/** Progress of a run that is no longer ours is worth nothing: it is left out. */
function planProgress(memory: SharedMemory, engineId: string, batch: CommitBatch): Change[] {
  return batch.progress.flatMap(({ rootId, streams }) =>
    streams.map((stream): Change => {
      const text = toText(stream, `progress of run ${rootId}`);
      return () => {
        const family = memory.families.get(rootId);
        if (family?.engineId === engineId) family.progress.set(stream.stream, text);
      };
    }),
  );
}

function planAnswers(
  memory: SharedMemory,
  batch: CommitBatch,
  mine: (rootId: string) => boolean,
): Change[] {
  return batch.answers.flatMap(({ seq, answer }): Change[] => {
    const posted = memory.inbox.get(seq);
    if (posted === undefined || posted.answer !== null) return [];
    if (!mine(posted.rootId)) throw leaseLost(posted.rootId);
    const text = toText(answer, `the answer to event ${seq}`);
    return [() => void (posted.answer ??= text)];
  });
}

export function leaseLost(rootId: string): StoreError {
  return new StoreError(
    'leaseLost',
    `run ${rootId} is not driven from here (any more): nothing of this turn is on record`,
  );
}
