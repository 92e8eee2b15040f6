import type { Failure } from '../../../src/ports/failure.ts';
import type { MigrationLink } from '../../../src/ports/migration.ts';
import type { DomainObservation, StreamProgress } from '../../../src/ports/observation.ts';
import type { StoredEvent } from '../../../src/ports/run-store.ts';
import type { Artefacts, Outcome } from './scenario.ts';

/** What a run is to be brought to by the engine's process; calls are brought to a stand outside. */
export interface CommitStop {
  /** From 1. */
  readonly commit: number;
  /** `before`: it is asked for and never made. `after`: it is made, and nobody acts on it. */
  readonly when: 'before' | 'after';
}

export type Task =
  | { readonly do: 'start'; readonly machine: string; readonly input: unknown }
  /** Go on with what an engine that died has left behind. */
  | { readonly do: 'recover' };

export type Result<T = unknown> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly failure: Failure };

export type Loss = Awaited<MigrationLink['lost']>;

/** To the process that drives the run. Calls have the numbers that it gave them. */
export type ToEngine =
  | {
      readonly kind: 'begin';
      readonly storePath: string;
      readonly task: Task;
      readonly stop: CommitStop | null;
    }
  | { readonly kind: 'reply'; readonly call: number; readonly result: Result }
  | { readonly kind: 'observed'; readonly call: number; readonly observation: DomainObservation }
  | {
      readonly kind: 'progressed';
      readonly call: number;
      readonly streams: readonly StreamProgress[];
    }
  | { readonly kind: 'linkLost'; readonly call: number; readonly loss: Loss }
  /** The function that was handed over with that call is called. */
  | { readonly kind: 'called'; readonly call: number; readonly args: readonly unknown[] }
  /** The daemon is ready for the next piece of a volume that is written. */
  | { readonly kind: 'pull'; readonly call: number }
  | { readonly kind: 'send'; readonly event: StoredEvent }
  /** From now on nothing of this run is committed any more. */
  | { readonly kind: 'withhold' };

export type Target =
  | { readonly kind: 'hypervisors' }
  | { readonly kind: 'host'; readonly uri: string }
  /** By the number of the call that opened it. */
  | { readonly kind: 'link' | 'volume'; readonly call: number };

export interface PortCall {
  readonly kind: 'call';
  readonly call: number;
  readonly on: Target;
  readonly name: string;
  /** What is a function at that place of them stays behind; `null`: none is. */
  readonly functionAt: number | null;
  readonly args: readonly unknown[];
}

/** From the process that drives the run. */
export type ToWorld =
  | PortCall
  /** Nobody waits for that call any more. */
  | { readonly kind: 'abort'; readonly call: number }
  | {
      readonly kind: 'piece';
      readonly call: number;
      readonly result: Result<IteratorResult<Uint8Array>>;
    }
  | {
      readonly kind: 'entered';
      readonly atEpochMs: number;
      readonly machine: string;
      readonly state: string;
      readonly tags: readonly string[];
    }
  | {
      readonly kind: 'reported';
      readonly atEpochMs: number;
      readonly streams: readonly StreamProgress[];
    }
  /** A commit is asked for; `label` says what it puts on record. */
  | { readonly kind: 'commits'; readonly label: string }
  | { readonly kind: 'stands' }
  | {
      readonly kind: 'ended';
      readonly outcome: Outcome;
      readonly failure: Failure | null;
      readonly artefacts: Artefacts;
    }
  /** The recovery found nothing to go on with. */
  | { readonly kind: 'nothingLeft' }
  /** The run cannot be driven at all. */
  | { readonly kind: 'broke'; readonly message: string };

/** What goes over in one direction at once, for one run. */
export interface Parcel<Message> {
  readonly run: number;
  /** Towards the engine: the time. From there: when its next timer is due. */
  readonly atEpochMs: number | null;
  readonly messages: readonly Message[];
}
