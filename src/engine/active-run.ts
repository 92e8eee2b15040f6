import type { AnyMachineSnapshot, EventObject } from 'xstate';

import type { ArtefactRecord, RunRecord, TimerRecord } from '../ports/run-store.ts';
import type { Family } from './family.ts';
import type { RegisteredMachine } from './registry.ts';

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

/** What distinguishes one run from another from its beginning on. */
export interface Origin {
  readonly id: string;
  readonly family: Family;
  readonly machine: RegisteredMachine;
  readonly parent: RunRecord['parent'];
  readonly startedAtEpochMs: number;
  /** How often each invoke has been entered. */
  readonly entries?: RunRecord['entries'];
}

/** One run as the engine holds it: what is on record, and what is in flight. */
export class ActiveRun {
  readonly id: string;
  readonly family: Family;
  readonly machine: RegisteredMachine;
  readonly parent: RunRecord['parent'];
  readonly startedAtEpochMs: number;
  readonly timers = new Map<string, Timer>();
  readonly actors = new Map<string, RunningActor>();
  /** Child runs by invoke id. */
  readonly children = new Map<string, ActiveRun>();
  readonly #entries: Record<string, number>;
  #end: { readonly atEpochMs: number; readonly outcome: string } | null = null;
  #snapshot: AnyMachineSnapshot | null = null;

  constructor(origin: Origin) {
    this.id = origin.id;
    this.family = origin.family;
    this.machine = origin.machine;
    this.parent = origin.parent;
    this.startedAtEpochMs = origin.startedAtEpochMs;
    this.#entries = { ...origin.entries };
  }

  get snapshot(): AnyMachineSnapshot {
    if (this.#snapshot === null) throw new Error(`run ${this.id} has not been started`);
    return this.#snapshot;
  }

  set snapshot(snapshot: AnyMachineSnapshot) {
    this.#snapshot = snapshot;
  }

  get isFinished(): boolean {
    return this.#end !== null;
  }

  finish(atEpochMs: number, outcome: string): void {
    this.#end = { atEpochMs, outcome };
  }

  /** The key of the next entry of an invoke: the same only for a repetition of the same effect. */
  enter(invokeId: string): string {
    this.#entries[invokeId] = (this.#entries[invokeId] ?? 0) + 1;
    return this.keyOf(invokeId);
  }

  /** The key of the entry that an invoke is in now. */
  keyOf(invokeId: string): string {
    return `${this.id}/${invokeId}#${this.#entries[invokeId] ?? 0}`;
  }

  disarm(timerId: string): void {
    this.timers.get(timerId)?.disarm?.();
    this.timers.delete(timerId);
  }

  /** Nothing of it goes on here; what it has in flight stays on record. */
  rest(): void {
    for (const { abort } of this.actors.values()) abort.abort();
    for (const { disarm } of this.timers.values()) disarm?.();
  }

  /** By convention a machine keeps what it made, or is about to make, in its context. */
  get artefacts(): readonly ArtefactRecord[] | null {
    return artefactsOf(this.snapshot);
  }

  timerRecords(): TimerRecord[] {
    return [...this.timers].map(([id, { dueAtEpochMs, event }]) => ({ id, dueAtEpochMs, event }));
  }

  toRecord(): RunRecord {
    return {
      id: this.id,
      rootId: this.family.id,
      machine: this.machine.id,
      version: this.machine.version,
      parent: this.parent,
      subject: this.family.subject,
      snapshot: this.machine.stepper.persist(this.snapshot),
      entries: { ...this.#entries },
      startedAtEpochMs: this.startedAtEpochMs,
      finishedAtEpochMs: this.#end?.atEpochMs ?? null,
      outcome: this.#end?.outcome ?? null,
    };
  }
}

export function artefactsOf(snapshot: AnyMachineSnapshot): readonly ArtefactRecord[] | null {
  const context: { readonly artefacts?: unknown } = snapshot.context;
  return isArtefacts(context.artefacts) ? context.artefacts : null;
}

function isArtefacts(value: unknown): value is readonly ArtefactRecord[] {
  return Array.isArray(value);
}
