import type { Engine } from '../engine/engine.ts';
import type { EffectStarted, EngineEvents } from '../engine/events.ts';
import type { Run } from '../engine/run.ts';

export interface Spent {
  readonly machine: string;
  /** Of the state, or of the slot. */
  readonly name: string;
  readonly spentMs: number;
}

export interface ClockListeners {
  readonly stateLeft: (spent: Spent) => void;
  readonly effectEnded: (spent: Spent & { readonly result: 'finished' | 'failed' }) => void;
  /** Of runs at the top. */
  readonly started: (machine: string) => void;
  readonly finished: (machine: string, output: unknown) => void;
}

type Told<Name extends keyof EngineEvents> = Parameters<EngineEvents[Name]>[0];

/** Tells how long states and effects took, by what the engine tells of their beginnings. */
export class StateClock {
  readonly #listeners: ClockListeners;
  /** By run, then by state: since when, and of which machine. */
  readonly #states = new Map<string, Map<string, number>>();
  readonly #effects = new Map<string, number>();
  readonly #engine: Engine;
  /** At the top, by id. */
  readonly #runs = new Map<string, Run>();

  constructor(engine: Engine, listeners: ClockListeners) {
    this.#engine = engine;
    this.#listeners = listeners;
    engine.on('run.started', this.#start);
    engine.on('state.entered', this.#enter);
    engine.on('effect.started', this.#begin);
    engine.on('effect.finished', this.#finish);
    engine.on('effect.failed', this.#fail);
    engine.on('run.finished', this.#end);
    engine.on('run.broken', this.#break);
  }

  /** Runs that are driven here: they say where they are. */
  watch(runs: readonly Run[]): void {
    for (const run of runs) {
      this.#runs.set(run.id, run);
      void run.wait().then(() => this.#runs.delete(run.id));
    }
  }

  close(): void {
    const engine = this.#engine;
    engine.off('run.started', this.#start);
    engine.off('state.entered', this.#enter);
    engine.off('effect.started', this.#begin);
    engine.off('effect.finished', this.#finish);
    engine.off('effect.failed', this.#fail);
    engine.off('run.finished', this.#end);
    engine.off('run.broken', this.#break);
  }

  readonly #start = ({ runId, rootRunId, machine }: Told<'run.started'>): void => {
    if (runId === rootRunId) this.#listeners.started(machine);
  };

  /** No state is left but for another one. */
  readonly #enter = (event: Told<'state.entered'>): void => {
    const { runId, rootRunId, machine, state, atEpochMs } = event;
    const since = this.#states.get(runId) ?? new Map<string, number>();
    this.#states.set(runId, since);
    const active = this.#runs.get(rootRunId)?.states() ?? [state];
    for (const [name, enteredAtEpochMs] of since)
      if (!active.includes(name)) {
        since.delete(name);
        this.#listeners.stateLeft({ machine, name, spentMs: atEpochMs - enteredAtEpochMs });
      }
    since.set(state, atEpochMs);
  };

  readonly #begin = ({ key, atEpochMs }: EffectStarted): void => {
    this.#effects.set(key, atEpochMs);
  };

  readonly #finish = (event: EffectStarted): void => this.#tellEffect(event, 'finished');

  readonly #fail = (event: EffectStarted): void => this.#tellEffect(event, 'failed');

  #tellEffect({ key, machine, src, atEpochMs }: EffectStarted, result: 'finished' | 'failed') {
    const since = this.#effects.get(key);
    this.#effects.delete(key);
    if (since === undefined) return;
    this.#listeners.effectEnded({ machine, name: src, spentMs: atEpochMs - since, result });
  }

  readonly #end = ({ runId, rootRunId, machine, atEpochMs, output }: Told<'run.finished'>) => {
    for (const [name, since] of this.#states.get(runId) ?? [])
      this.#listeners.stateLeft({ machine, name, spentMs: atEpochMs - since });
    this.#forget(runId);
    if (runId === rootRunId) this.#listeners.finished(machine, output);
  };

  readonly #break = ({ runId, rootRunId, machine }: Told<'run.broken'>): void => {
    this.#forget(runId);
    if (runId === rootRunId) this.#listeners.finished(machine, null);
  };

  #forget(runId: string): void {
    this.#states.delete(runId);
    for (const key of this.#effects.keys())
      if (key.startsWith(`${runId}/`)) this.#effects.delete(key);
  }
}
