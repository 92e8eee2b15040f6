import type { CommitBatch, InboxAnswer, JournalRow } from '../ports/run-store.ts';
import type { ActiveRun } from './active-run.ts';
import type { RunEvent } from './events.ts';
import type { Family } from './family.ts';
import type { RunEnding } from './run-ending.ts';

/** What one turn changes in one family, and what may happen only after that is on record. */
export class Changes {
  readonly family: Family;
  readonly atEpochMs: number;
  /** To be done after the commit, in this order. */
  readonly acts: (() => void)[] = [];
  /** Effects and watches whose state was left: aborted whether or not the turn gets on record. */
  readonly stopped: AbortController[] = [];
  /** To be told after the commit and the acts. */
  readonly tellings: RunEvent[] = [];
  readonly journal: JournalRow[] = [];
  /** Where the whole run has ended: whoever waits for it hears of that, whatever listeners do. */
  ending: RunEnding | null = null;
  readonly answers: { readonly seq: number; readonly answer: InboxAnswer }[] = [];
  readonly #runs = new Set<ActiveRun>();
  readonly #timersOf = new Set<ActiveRun>();
  readonly #artefactsOf = new Set<ActiveRun>();
  #progress: CommitBatch['progress'] = [];
  #secrets: CommitBatch['secrets'] = [];

  constructor(family: Family, atEpochMs: number) {
    this.family = family;
    this.atEpochMs = atEpochMs;
  }

  touch(run: ActiveRun): void {
    this.#runs.add(run);
  }

  touchTimers(run: ActiveRun): void {
    this.#timersOf.add(run);
  }

  touchArtefacts(run: ActiveRun): void {
    this.#artefactsOf.add(run);
  }

  /** Who speaks: everything is told at the turn's time. */
  of(run: ActiveRun) {
    const { family, atEpochMs } = this;
    return { runId: run.id, rootRunId: family.id, machine: run.machine.id, atEpochMs };
  }

  /** Closes the family's books for this turn: called once, before the commit. */
  close(): void {
    const streams = this.family.progress.takeNews();
    if (streams.length > 0) this.#progress = [{ rootId: this.family.id, streams }];
    this.#secrets = this.family.secrets.takeNews();
  }

  toBatch(): CommitBatch {
    return {
      runs: [...this.#runs].map((run) => run.toRecord()),
      journal: this.journal,
      timers: [...this.#timersOf].map((run) => ({ runId: run.id, timers: run.timerRecords() })),
      artefacts: [...this.#artefactsOf].map((run) => ({
        runId: run.id,
        artefacts: run.artefacts ?? [],
      })),
      progress: this.#progress,
      answers: this.answers,
      secrets: this.#secrets,
    };
  }
}

/** One transaction for all. */
export function inOneBatch(all: readonly Changes[]): CommitBatch {
  const batches = all.map((changes) => changes.toBatch());
  const [only] = batches;
  // Most turns are of one run.
  if (only !== undefined && batches.length === 1) return only;
  return {
    runs: batches.flatMap(({ runs }) => runs),
    journal: batches.flatMap(({ journal }) => journal),
    timers: batches.flatMap(({ timers }) => timers),
    artefacts: batches.flatMap(({ artefacts }) => artefacts),
    progress: batches.flatMap(({ progress }) => progress),
    answers: batches.flatMap(({ answers }) => answers),
    secrets: batches.flatMap(({ secrets }) => secrets),
  };
}
