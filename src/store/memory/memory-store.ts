import type { CommitBatch, JournalRow, RunRecord, RunStore } from '../../ports/run-store.ts';

/**
 * Runs in memory: gone with the process. Records are kept as text, so that nothing in them can be
 * changed from outside and nothing that is not JSON goes unnoticed.
 */
export class MemoryStore implements RunStore {
  readonly #runs = new Map<string, string>();
  readonly #journal = new Map<string, JournalRow[]>();

  commit(batch: CommitBatch): Promise<void> {
    for (const run of batch.runs) this.#runs.set(run.id, JSON.stringify(run));
    for (const row of batch.journal) {
      const rows = this.#journal.get(row.runId);
      if (rows === undefined) this.#journal.set(row.runId, [row]);
      else rows.push(row);
    }
    return Promise.resolve();
  }

  load(runId: string): Promise<RunRecord | null> {
    const text = this.#runs.get(runId);
    return Promise.resolve(text === undefined ? null : parseRecord(text));
  }

  list(): Promise<readonly RunRecord[]> {
    return Promise.resolve([...this.#runs.values()].map(parseRecord));
  }

  journal(runId: string): Promise<readonly JournalRow[]> {
    return Promise.resolve([...(this.#journal.get(runId) ?? [])]);
  }
}

function parseRecord(text: string): RunRecord {
  const record: RunRecord = JSON.parse(text);
  return record;
}
