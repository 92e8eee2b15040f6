import type { Failure } from './failure.ts';
import type { StreamProgress } from './observation.ts';

/** What stands on record of one run of one machine. All of it is JSON. */
export interface RunRecord {
  readonly id: string;
  /** The run at the top; `id` itself where nobody invoked it. */
  readonly rootId: string;
  /** The machine's id and version: a stored run is only taken up by what fits it. */
  readonly machine: string;
  readonly version: string;
  /** A child machine is a run of its own. */
  readonly parent: { readonly runId: string; readonly invokeId: string } | null;
  /** What it is about, for a person: the domain's name or uuid. */
  readonly subject: string | null;
  /** XState's persisted snapshot; it holds each effect in flight with its `src` and input. */
  readonly snapshot: unknown;
  /** How often each invoke has been entered: the last part of an effect's key. */
  readonly entries: Readonly<Record<string, number>>;
  readonly startedAtEpochMs: number;
  /** `null`: unfinished. */
  readonly finishedAtEpochMs: number | null;
  /** How it ended: the outcome of its machine, or `broken`; `null`: unfinished. */
  readonly outcome: string | null;
}

export interface TimerRecord {
  readonly id: string;
  readonly dueAtEpochMs: number;
  readonly event: StoredEvent;
}

export interface StoredEvent {
  readonly type: string;
  readonly [field: string]: unknown;
}

/** One step of one run: append only. With the machine, all of them together repeat the run. */
export interface JournalRow {
  readonly runId: string;
  readonly atEpochMs: number;
  readonly event: StoredEvent;
  /** Active states, innermost only, before and after. */
  readonly from: readonly string[];
  readonly to: readonly string[];
  /** The effect or watch that this event comes from; `null`: a timer, a parent, a person. */
  readonly effectKey: string | null;
}

/** Something that a run made, or is about to make: on record before it exists. */
export interface ArtefactRecord {
  readonly kind: string;
  readonly host: string;
  readonly path: string;
  readonly status: string;
}

/** Everything that one turn of the event loop changed, for all runs. */
export interface CommitBatch {
  readonly runs: readonly RunRecord[];
  readonly journal: readonly JournalRow[];
  /** Of runs whose timers changed: all that they have now. */
  readonly timers: readonly { readonly runId: string; readonly timers: readonly TimerRecord[] }[];
  /** Of runs whose artefacts changed: all that they have now. */
  readonly artefacts: readonly {
    readonly runId: string;
    readonly artefacts: readonly ArtefactRecord[];
  }[];
  /** The latest of each stream. */
  readonly progress: readonly {
    readonly rootId: string;
    readonly streams: readonly StreamProgress[];
  }[];
  readonly answers: readonly { readonly seq: number; readonly answer: InboxAnswer }[];
  /** Kept apart, never shown, gone with the end of the run. */
  readonly secrets: readonly Secret[];
}

export interface Secret {
  readonly id: string;
  readonly rootId: string;
  readonly value: string;
}

/** A process that drives runs on this store. */
export interface EngineView {
  readonly id: string;
  readonly pid: number;
  readonly hostname: string;
  readonly startedAtEpochMs: number;
  /** When its event loop last turned. */
  readonly heartbeatAtEpochMs: number;
  readonly alive: boolean;
}

/** A run with everything that is needed to go on with it. */
export interface StoredRun {
  readonly record: RunRecord;
  readonly timers: readonly TimerRecord[];
}

/** A family of runs that this engine drives from now on: all that have not ended. */
export interface TakenOver {
  readonly rootId: string;
  readonly runs: readonly StoredRun[];
}

/** What a list of runs shows: of runs at the top only. */
export interface RunSummary {
  readonly id: string;
  readonly machine: string;
  readonly version: string;
  readonly subject: string | null;
  readonly startedAtEpochMs: number;
  readonly finishedAtEpochMs: number | null;
  readonly outcome: string | null;
  /** Active states of the run and of its children, innermost only. */
  readonly states: readonly string[];
  /** Who drives it; `null`: nobody, it is finished or left to be recovered. */
  readonly holder: EngineView | null;
  /** Why nobody could take it over. */
  readonly parked: { readonly failure: Failure; readonly atEpochMs: number } | null;
}

/** What a run needs for itself before it may begin: a name held by at most `capacity` runs. */
export interface LockRequest {
  readonly name: string;
  /** 1: it excludes every other run. */
  readonly capacity: number;
}

export type LockVerdict =
  | { readonly granted: true }
  /** `holders` are runs; empty where others that came earlier still wait for the same. */
  | {
      readonly granted: false;
      readonly name: string;
      readonly holders: readonly string[];
      readonly ahead: number;
    };

/** Posted by any process for the one that drives the run. */
export interface PostedEvent {
  readonly seq: number;
  readonly rootId: string;
  readonly event: StoredEvent;
}

export type InboxAnswer =
  | { readonly accepted: true }
  /** `allowed`: events that the machine takes now. */
  | { readonly accepted: false; readonly reason: string; readonly allowed: readonly string[] };

export interface RunFilter {
  /** `finished` and `unfinished`, or both where it is left out. */
  readonly finished?: boolean;
  readonly machine?: string;
  readonly subject?: string;
  readonly outcome?: string;
  /** Of its id. */
  readonly beginning?: string;
  /** Id of a run at the top: what began before it. Nothing where there is no such run. */
  readonly before?: string;
  readonly limit?: number;
}

/**
 * Where runs are kept. Nothing acts before its record is here. One instance stands for one engine:
 * runs are driven by whoever holds their lease, read and sent events by anybody. Every method throws
 * {@link StoreError} only.
 */
export interface RunStore {
  /**
   * One transaction: all of it or nothing. Runs at the top that are new are leased to this engine;
   * one that has ended loses its lease, its locks and its secrets.
   *
   * @throws storeFailed: nothing of it is on record. leaseLost: another engine drives these runs now
   */
  commit(batch: CommitBatch): Promise<void>;

  /**
   * All of a run's locks or none, before its first record. Whoever came first goes first: with `wait`
   * a refused request keeps its place until it is granted or withdrawn. Held until the run has ended,
   * whatever becomes of this engine.
   */
  acquire(
    rootId: string,
    locks: readonly LockRequest[],
    options: { readonly wait: boolean },
  ): Promise<LockVerdict>;
  /** Gives up a place in the queue, or the locks of a run that never began. */
  withdraw(rootId: string): Promise<void>;

  /**
   * Leases every unfinished run that no living engine drives to this one, and returns them with all
   * their unfinished children. What a dead engine held for runs that never began is released.
   *
   * @param only ids of runs at the top: all others are left as they are
   */
  takeOver(only?: readonly string[]): Promise<readonly TakenOver[]>;
  /** Gives leases up: the runs stay unfinished, for whoever recovers. */
  release(rootIds: readonly string[]): Promise<void>;
  /** Nobody could go on with it: its record stays as it is, with the reason beside it. */
  park(rootId: string, failure: Failure): Promise<void>;
  /** An operator has looked: a parked run ends, its locks and secrets go, its record stays. */
  abandon(rootId: string): Promise<'abandoned' | 'notParked'>;

  load(runId: string): Promise<StoredRun | null>;
  /** The run at the top and every child that it ever had, in the order of their beginning. */
  family(rootId: string): Promise<readonly StoredRun[]>;
  /** The latest first. */
  list(filter?: RunFilter): Promise<readonly RunSummary[]>;
  summary(rootId: string): Promise<RunSummary | null>;
  /**
   * Of the run and all its children, in the order of the steps; `null`: no such run. Only ever added
   * to: the place of a row stays what it is.
   *
   * @param after so many rows are left out
   */
  journal(rootId: string, after?: number): Promise<readonly JournalRow[] | null>;
  artefacts(rootId: string): Promise<readonly ArtefactRecord[]>;
  progress(rootId: string): Promise<readonly StreamProgress[]>;
  /** Names that the run holds, in their order. */
  locks(rootId: string): Promise<readonly string[]>;
  /** @throws noSecret: it is gone with its run, or the key is not that of this store */
  reveal(secretId: string): Promise<string>;

  /** For the engine that drives the run. @throws noRun, runFinished */
  post(rootId: string, event: StoredEvent): Promise<number>;
  /** `null`: not yet. */
  answerTo(seq: number): Promise<InboxAnswer | null>;
  /** Posted to runs that this engine drives, and not answered yet. */
  inbox(): Promise<readonly PostedEvent[]>;

  /** Finished runs that ended before: gone with all that belongs to them. Never an unfinished one. */
  prune(finishedBeforeEpochMs: number): Promise<number>;

  /** Calls back when somebody else has committed something; the returned function ends that. */
  onChange(listener: () => void): () => void;
  /** Leaves: leases of unfinished runs are given up. */
  close(): Promise<void>;
}

/** The only error that stores throw on purpose. */
export class StoreError extends Error {
  override readonly name = 'StoreError';
  /** Stable: storeFailed, leaseLost, noRun, runFinished, noSecret, notAStore, newerStore, corrupt, notWritable. */
  readonly code: string;

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
