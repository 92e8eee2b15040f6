/** What stands on record of one run of one machine. All of it is JSON. */
export interface RunRecord {
  readonly id: string;
  /** The machine's id and version: a stored run is only taken up by what fits it. */
  readonly machine: string;
  readonly version: string;
  /** A child machine is a run of its own. */
  readonly parent: { readonly runId: string; readonly invokeId: string } | null;
  /** XState's persisted snapshot; it holds each effect in flight with its `src` and input. */
  readonly snapshot: unknown;
  /** How often each invoke has been entered: the last part of an effect's key. */
  readonly entries: Readonly<Record<string, number>>;
  readonly timers: readonly TimerRecord[];
  readonly startedAtEpochMs: number;
  /** `null`: unfinished. */
  readonly finishedAtEpochMs: number | null;
}

export interface TimerRecord {
  readonly id: string;
  readonly dueAtEpochMs: number;
  readonly event: { readonly type: string };
}

/** One step of one run: append only. */
export interface JournalRow {
  readonly runId: string;
  readonly atEpochMs: number;
  readonly event: string;
  /** Active states, innermost only, before and after. */
  readonly from: readonly string[];
  readonly to: readonly string[];
}

/** Everything that one turn of the event loop changed, for all runs. */
export interface CommitBatch {
  readonly runs: readonly RunRecord[];
  readonly journal: readonly JournalRow[];
}

/** Where runs are kept. Nothing acts before its record is here. */
export interface RunStore {
  /** One transaction: all of it or nothing. @throws when it could not be made durable */
  commit(batch: CommitBatch): Promise<void>;
  load(runId: string): Promise<RunRecord | null>;
  list(): Promise<readonly RunRecord[]>;
  journal(runId: string): Promise<readonly JournalRow[]>;
}
