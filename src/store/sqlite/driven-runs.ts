/** A run of a family that this engine drives: where it stands in the store. */
export interface DrivenRun {
  readonly id: number;
  readonly root: number;
  readonly rootId: string;
}

/** Every run of the families that this engine holds, finished children too. */
export class DrivenRuns {
  readonly #runs = new Map<string, DrivenRun>();
  readonly #families = new Map<string, string[]>();

  get size(): number {
    return this.#families.size;
  }

  get(runId: string): DrivenRun | undefined {
    return this.#runs.get(runId);
  }

  add(runId: string, run: DrivenRun): void {
    this.#runs.set(runId, run);
    const family = this.#families.get(run.rootId);
    if (family === undefined) this.#families.set(run.rootId, [runId]);
    else family.push(runId);
  }

  drop(rootId: string): void {
    for (const runId of this.#families.get(rootId) ?? []) this.#runs.delete(runId);
    this.#families.delete(rootId);
  }
}
