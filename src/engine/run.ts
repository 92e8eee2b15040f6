import type { EventObject } from 'xstate';

import type { ActiveRun } from './active-run.ts';
import type { RunEnding } from './run-ending.ts';

/** A run as its owner holds it. */
export class Run {
  readonly id: string;
  readonly startedAtEpochMs: number;
  readonly #active: ActiveRun;
  readonly #deliver: (event: EventObject) => void;

  constructor(active: ActiveRun, deliver: (event: EventObject) => void) {
    this.id = active.id;
    this.startedAtEpochMs = active.startedAtEpochMs;
    this.#active = active;
    this.#deliver = deliver;
  }

  /** Resolves when the run has ended, whatever the end. */
  wait(): Promise<RunEnding> {
    return this.#active.ending.promise;
  }

  /** Tags of everything that is active now, child machines included. */
  tags(): ReadonlySet<string> {
    return tagsOf(this.#active);
  }

  /**
   * `false`: the machine does not allow this event now, and nothing was sent. Where it has a child at
   * work, what it takes it passes on, so the child must allow it, too.
   */
  send(event: EventObject): boolean {
    if (!accepts(this.#active, event)) return false;
    this.#deliver(event);
    return true;
  }
}

function accepts(run: ActiveRun, event: EventObject): boolean {
  if (run.isFinished || !run.snapshot.can(event)) return false;
  const children = [...run.children.values()].filter((child) => !child.isFinished);
  return children.length === 0 || children.some((child) => accepts(child, event));
}

function tagsOf(run: ActiveRun): ReadonlySet<string> {
  const children = [...run.children.values()].filter((child) => !child.isFinished);
  return new Set([...run.snapshot.tags, ...children.flatMap((child) => [...tagsOf(child)])]);
}
