import type { EventEmitter } from 'eventemitter3';
import type { EventObject } from 'xstate';

import type { Failure } from '../ports/failure.ts';
import type { ActiveRun } from './active-run.ts';
import type { EngineEvents } from './events.ts';

/** How a run ended: by its machine's own output, or because the machine or the store broke. */
export type RunEnding =
  | { readonly ended: 'finished'; readonly output: unknown; readonly atEpochMs: number }
  | { readonly ended: 'broken'; readonly failure: Failure; readonly atEpochMs: number };

/** A run as its owner holds it. */
export class Run {
  readonly id: string;
  readonly startedAtEpochMs: number;
  readonly #active: ActiveRun;
  readonly #deliver: (event: EventObject) => void;
  readonly #ending: Promise<RunEnding>;

  constructor(
    engine: EventEmitter<EngineEvents>,
    active: ActiveRun,
    deliver: (event: EventObject) => void,
  ) {
    this.id = active.id;
    this.startedAtEpochMs = active.startedAtEpochMs;
    this.#active = active;
    this.#deliver = deliver;
    this.#ending = endingOf(engine, active.id);
  }

  /** Resolves when the run has ended, whatever the end. */
  wait(): Promise<RunEnding> {
    return this.#ending;
  }

  /** Tags of everything that is active now, child machines included. */
  tags(): ReadonlySet<string> {
    return tagsOf(this.#active);
  }

  /** `false`: the machine does not allow this event now, and nothing was sent. */
  send(event: EventObject): boolean {
    if (this.#active.isFinished || !this.#active.snapshot.can(event)) return false;
    this.#deliver(event);
    return true;
  }
}

function endingOf(engine: EventEmitter<EngineEvents>, runId: string): Promise<RunEnding> {
  const { promise, resolve } = Promise.withResolvers<RunEnding>();
  const done = (ending: RunEnding): void => {
    engine.off('run.finished', onFinished);
    engine.off('run.broken', onBroken);
    resolve(ending);
  };
  const onFinished = (event: { runId: string; output: unknown; atEpochMs: number }): void => {
    if (event.runId !== runId) return;
    done({ ended: 'finished', output: event.output, atEpochMs: event.atEpochMs });
  };
  const onBroken = (event: { runId: string; failure: Failure; atEpochMs: number }): void => {
    if (event.runId !== runId) return;
    done({ ended: 'broken', failure: event.failure, atEpochMs: event.atEpochMs });
  };
  engine.on('run.finished', onFinished);
  engine.on('run.broken', onBroken);
  return promise;
}

function tagsOf(run: ActiveRun): ReadonlySet<string> {
  const children = [...run.children.values()].filter((child) => !child.isFinished);
  return new Set([...run.snapshot.tags, ...children.flatMap((child) => [...tagsOf(child)])]);
}
