import type { EventEmitter } from 'eventemitter3';

import type { Clock } from '../ports/clock.ts';
import type { CommitBatch, JournalRow } from '../ports/run-store.ts';
import type { ActiveRun } from './active-run.ts';
import type { EnteredState } from './entered-states.ts';
import { namesOf } from './entered-states.ts';
import type { EngineEvents } from './events.ts';
import type { RunEnding } from './run-ending.ts';

type Telling = (engine: EventEmitter<EngineEvents>) => void;

/** What one turn changes, and what may happen only after that is on record. */
export class Turn {
  readonly atEpochMs: number;
  readonly touched = new Set<ActiveRun>();
  readonly acts: (() => void)[] = [];
  /** Effects and watches whose state was left: aborted whether or not the turn gets on record. */
  readonly stopped: AbortController[] = [];
  readonly tellings: Telling[] = [];
  readonly #journal: JournalRow[] = [];

  constructor(atEpochMs: number) {
    this.atEpochMs = atEpochMs;
  }

  touch(run: ActiveRun): void {
    this.touched.add(run);
  }

  /** A parent cannot go on without its child, nor a child without its parent. */
  concerns({ rootId }: ActiveRun): boolean {
    return [...this.touched].some((run) => run.rootId === rootId);
  }

  /** To be done after the commit, in this order. */
  act(act: () => void): void {
    this.acts.push(act);
  }

  /** Whoever waits for the run hears of its end, whatever listeners do. */
  end(run: ActiveRun, ending: RunEnding): void {
    this.act(() => run.ending.resolve(ending));
  }

  /** To be told after the commit and the acts. */
  tell(telling: (engine: EventEmitter<EngineEvents>) => void): void {
    this.tellings.push(telling);
  }

  /** Records one step of one run and who has to hear of it. */
  note(
    run: ActiveRun,
    eventType: string,
    from: readonly string[],
    entered: readonly EnteredState[],
  ): void {
    this.touch(run);
    const to = namesOf(run.snapshot);
    this.#journal.push({ runId: run.id, atEpochMs: this.atEpochMs, event: eventType, from, to });
    const { context } = run.snapshot;
    for (const state of entered) {
      const event = { ...this.of(run), ...state, context };
      this.tell((engine) => engine.emit('state.entered', event));
    }
  }

  /** Who speaks, and when: the turn's time unless something happens later. */
  of(run: ActiveRun, clock?: Clock) {
    return {
      runId: run.id,
      rootRunId: run.rootId,
      machine: run.machine.id,
      atEpochMs: clock?.nowEpochMs() ?? this.atEpochMs,
    };
  }

  toBatch(): CommitBatch {
    return { runs: [...this.touched].map((run) => run.toRecord()), journal: this.#journal };
  }
}
