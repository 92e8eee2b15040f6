import type { AnyMachineSnapshot, EventObject } from 'xstate';

import type { RunRecord } from '../ports/run-store.ts';
import type { RegisteredMachine } from './registry.ts';
import type { RunEnding } from './run-ending.ts';

/** An effect or a watch in flight. */
export interface RunningActor {
  /** Results of any other key are dropped: an old reply must not answer a new question. */
  readonly key: string;
  readonly abort: AbortController;
}

interface Timer {
  readonly dueAtEpochMs: number;
  readonly event: EventObject;
  /** `null` until its record is durable. */
  disarm: (() => void) | null;
}

/** One run as the engine holds it: what is on record, and what is in flight. */
export class ActiveRun {
  readonly id: string;
  readonly rootId: string;
  readonly machine: RegisteredMachine;
  readonly parent: RunRecord['parent'];
  readonly startedAtEpochMs: number;
  finishedAtEpochMs: number | null = null;
  readonly entries: Record<string, number> = {};
  readonly timers = new Map<string, Timer>();
  readonly actors = new Map<string, RunningActor>();
  /** Child runs by invoke id. */
  readonly children = new Map<string, ActiveRun>();
  /** Resolved once, by the engine itself, whatever listeners do. */
  readonly ending = Promise.withResolvers<RunEnding>();
  #snapshot: AnyMachineSnapshot | null = null;

  constructor(origin: {
    id: string;
    rootId: string;
    machine: RegisteredMachine;
    parent: RunRecord['parent'];
    startedAtEpochMs: number;
  }) {
    this.id = origin.id;
    this.rootId = origin.rootId;
    this.machine = origin.machine;
    this.parent = origin.parent;
    this.startedAtEpochMs = origin.startedAtEpochMs;
  }

  get snapshot(): AnyMachineSnapshot {
    if (this.#snapshot === null) throw new Error(`run ${this.id} has not been started`);
    return this.#snapshot;
  }

  set snapshot(snapshot: AnyMachineSnapshot) {
    this.#snapshot = snapshot;
  }

  get isFinished(): boolean {
    return this.finishedAtEpochMs !== null;
  }

  /** The key of the next entry of an invoke: the same only for a repetition of the same effect. */
  enter(invokeId: string): string {
    const count = (this.entries[invokeId] ?? 0) + 1;
    this.entries[invokeId] = count;
    return `${this.id}/${invokeId}#${count}`;
  }

  disarm(timerId: string): void {
    this.timers.get(timerId)?.disarm?.();
    this.timers.delete(timerId);
  }

  toRecord(): RunRecord {
    return {
      id: this.id,
      machine: this.machine.id,
      version: this.machine.version,
      parent: this.parent,
      snapshot: this.machine.stepper.persist(this.snapshot),
      entries: { ...this.entries },
      timers: [...this.timers].map(([id, { dueAtEpochMs, event }]) => ({
        id,
        dueAtEpochMs,
        event,
      })),
      startedAtEpochMs: this.startedAtEpochMs,
      finishedAtEpochMs: this.finishedAtEpochMs,
    };
  }
}
