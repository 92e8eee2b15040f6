import type { CommitBatch, JournalRow, RunRecord } from '../../src/ports/run-store.ts';

/** A run as it stands after `step` steps; at the top unless `parent` is given. */
export function runRecord(id: string, changes: Partial<RunRecord> = {}): RunRecord {
  return {
    id,
    rootId: id,
    machine: 'liveMigration',
    version: '1',
    parent: null,
    subject: 'guest-a',
    snapshot: { value: 'preparing', context: { step: 0 }, children: {}, status: 'active' },
    entries: {},
    startedAtEpochMs: 1_000,
    finishedAtEpochMs: null,
    outcome: null,
    ...changes,
  };
}

/** The same run at its end. */
export function ended(id: string, changes: Partial<RunRecord> = {}): RunRecord {
  return runRecord(id, { finishedAtEpochMs: 2_000, outcome: 'completed', ...changes });
}

export function childRecord(id: string, rootId: string, changes: Partial<RunRecord> = {}) {
  const parent = { runId: rootId, invokeId: 'protocol' };
  return runRecord(id, { rootId, parent, machine: 'directMigration', ...changes });
}

export function batchOf(changes: Partial<CommitBatch>): CommitBatch {
  return {
    runs: [],
    journal: [],
    timers: [],
    artefacts: [],
    progress: [],
    answers: [],
    secrets: [],
    ...changes,
  };
}

export function step(runId: string, to: readonly string[], changes: Partial<JournalRow> = {}) {
  const row: JournalRow = {
    runId,
    atEpochMs: 1_500,
    event: { type: 'xstate.init' },
    from: [],
    to,
    effectKey: null,
    ...changes,
  };
  return row;
}

/** The first record of a run: it is leased to whoever commits it. */
export function beginning(...ids: string[]): CommitBatch {
  return batchOf({
    runs: ids.map((id) => runRecord(id)),
    journal: ids.map((id) => step(id, ['preparing'])),
  });
}
