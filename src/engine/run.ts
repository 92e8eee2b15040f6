import { EventEmitter } from 'eventemitter3';
import type { EventObject } from 'xstate';

import type { StoredEvent } from '../ports/run-store.ts';
import type { ActiveRun } from './active-run.ts';
import { accepts, allowedEvents, statesOf, tagsOf } from './allowed-events.ts';
import type { EngineEvents, RunEvent } from './events.ts';
import { emitRunEvent } from './events.ts';
import { follow } from './follow.ts';
import type { Family } from './family.ts';
import type { RunEnding } from './run-ending.ts';

interface RunParts<Output> {
  readonly root: ActiveRun;
  readonly ending: Promise<RunEnding<Output>>;
  readonly deliver: (event: EventObject) => void;
}

/** A run that this engine drives, as its owner holds it. It tells what the engine tells of it. */
export class Run<Output = unknown> extends EventEmitter<EngineEvents> {
  readonly id: string;
  readonly startedAtEpochMs: number;
  readonly #root: ActiveRun;
  readonly #family: Family;
  readonly #ending: Promise<RunEnding<Output>>;
  readonly #deliver: (event: EventObject) => void;

  constructor({ root, ending, deliver }: RunParts<Output>) {
    super();
    this.id = root.id;
    this.startedAtEpochMs = root.startedAtEpochMs;
    this.#root = root;
    this.#family = root.family;
    this.#ending = ending;
    this.#deliver = deliver;
    root.family.listeners.add((event) => emitRunEvent(this, event));
  }

  /** Resolves when the run has ended, or goes on here no longer, whatever the end. */
  wait(): Promise<RunEnding<Output>> {
    return this.#ending;
  }

  /** Innermost active states, child machines included. */
  states(): readonly string[] {
    return statesOf(this.#root);
  }

  /** Tags of everything that is active now, child machines included. */
  tags(): ReadonlySet<string> {
    return tagsOf(this.#root);
  }

  /** Names of the events that {@link send} would take now. */
  allowedEvents(): readonly string[] {
    return this.#isOver ? [] : allowedEvents(this.#root);
  }

  /**
   * `false`: the machine does not allow this event now, and nothing was sent. Where it has a child at
   * work, what it takes it passes on, so the child must allow it, too.
   */
  send(event: StoredEvent): boolean {
    if (this.#isOver || !accepts(this.#root, event)) return false;
    this.#deliver(event);
    return true;
  }

  /** Everything that is told from now on, in order, to the end of the run. */
  events(): AsyncIterableIterator<RunEvent> {
    return follow(this.#family, this.#ending);
  }

  get #isOver(): boolean {
    return this.#family.isOver || this.#root.isFinished;
  }
}
