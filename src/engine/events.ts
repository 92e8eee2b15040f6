import type { EventEmitter } from 'eventemitter3';

import type { Failure } from '../ports/failure.ts';
import type { StreamProgress } from '../ports/observation.ts';

/** Where an event comes from: the run, its machine, and the run that was started by somebody. */
interface OfRun {
  readonly runId: string;
  /** The run at the top; `runId` itself unless a child machine speaks. */
  readonly rootRunId: string;
  readonly machine: string;
  readonly atEpochMs: number;
}

export interface StateEntered extends OfRun {
  /** Path of the innermost state, dotted. */
  readonly state: string;
  readonly description: string | undefined;
  readonly tags: readonly string[];
  /** `meta` of the state and of those around it, inner ones first. */
  readonly meta: Readonly<Record<string, unknown>>;
  /** The machine's context at that moment. Not for logs: it may be large. */
  readonly context: unknown;
}

export interface EffectStarted extends OfRun {
  readonly key: string;
  readonly src: string;
}

/** What the engine tells while runs go on. Each is told after its record is durable. */
export interface EngineEvents {
  'run.started': (event: OfRun & { readonly input: unknown }) => void;
  /** An earlier process left it unfinished, and it goes on here; `states`: where. */
  'run.resumed': (event: OfRun & { readonly states: readonly string[] }) => void;
  'state.entered': (event: StateEntered) => void;
  'effect.started': (event: EffectStarted) => void;
  'effect.finished': (event: EffectStarted) => void;
  'effect.failed': (event: EffectStarted & { readonly failure: Failure }) => void;
  progress: (event: OfRun & { readonly streams: readonly StreamProgress[] }) => void;
  'run.finished': (event: OfRun & { readonly output: unknown }) => void;
  /** A bug of the machine, or a store that failed: the run stands as its record says. */
  'run.broken': (event: OfRun & { readonly failure: Failure }) => void;
}

/** The same as one value: its name stands in `type`. */
export type RunEvent = {
  [Name in keyof EngineEvents]: { readonly type: Name } & Parameters<EngineEvents[Name]>[0];
}[keyof EngineEvents];

/** The emitter's own types cannot follow a name and its event through a union of both. */
export function emitRunEvent(emitter: EventEmitter<EngineEvents>, event: RunEvent): void {
  const emit: EventEmitter['emit'] = emitter.emit.bind(emitter);
  emit(event.type, event);
}
