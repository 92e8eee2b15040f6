import type { AnyStateMachine } from 'xstate';

import type { Engine } from '../../engine/engine.ts';
import type { Run } from '../../engine/run.ts';
import type { BoundMachine } from '../../engine/slots.ts';
import type { RunStore } from '../../ports/run-store.ts';
import { MemoryStore, SharedMemory } from '../../store/memory/index.ts';
import type { Letters } from './alphabet.ts';
import type { PathStep } from './path.ts';
import { bindScripted, ScriptedEngine } from './scripted-engine.ts';
import type { ScriptedCall } from './scripted-slots.ts';
import { ScriptedSlots } from './scripted-slots.ts';
import { StillClock } from './still-clock.ts';

/** How many turns of the event loop a step may take. */
const turnsMin = 4;
const turnsMax = 400;

/**
 * The world of one path: an engine whose machine asks only this script, which answers as the path
 * says, on a clock that stands still. Whatever embeds an engine can be driven by it.
 */
export class PathScript {
  readonly clock = new StillClock();
  readonly #memory = new SharedMemory();
  readonly #slots = new ScriptedSlots();
  readonly #machines: readonly BoundMachine[];
  readonly #machineId: string;
  #store: RunStore;
  #engine: Engine;
  #run: Run | null = null;

  constructor(machine: AnyStateMachine, letters: Letters) {
    this.#machines = bindScripted(machine, letters, this.#slots);
    this.#machineId = machine.id;
    [this.#store, this.#engine] = this.#seat();
  }

  /** Durable in memory, with this machine alone; it is another one after a restart. */
  get engine(): Engine {
    return this.#engine;
  }

  /** That of the engine, and another one after a restart; what is on record stays. */
  get store(): RunStore {
    return this.#store;
  }

  /** @throws where none was started yet */
  get run(): Run {
    if (this.#run === null) throw new Error(`no run of ${this.#machineId} was started`);
    return this.#run;
  }

  async start(input: unknown): Promise<void> {
    await this.#engine.start(this.#machineId, input);
  }

  /** Tells of every call that a machine makes; it is answered by a step nevertheless. */
  onCall(listener: (call: ScriptedCall) => void): void {
    this.#slots.onCall(listener);
  }

  /** @throws where the machine does not take it now */
  send(event: { readonly type: string }): void {
    if (!this.run.send(event))
      throw new Error(`${event.type} is not taken in ${this.run.states().join(', ')}`);
  }

  /** Makes a step happen: a call is answered, a watch tells, a timer falls due, a person sends. */
  async play(step: PathStep): Promise<void> {
    // So that no two moments are the same.
    this.clock.pass(1);
    switch (step.kind) {
      case 'done':
      case 'late':
        this.#slots.last(step.way, step.call.id).answer(step.output);
        break;
      case 'failed':
        this.#slots.last(step.way, step.call.id).fail(step.failure);
        break;
      case 'told':
        this.#slots.last(step.way, step.call.id).tell(step.event);
        break;
      case 'elapsed':
        if (step.overdue) await this.#restart(step.timer.delayMs);
        if (!this.clock.wake(step.timer.delayMs))
          throw new Error(`no timer is armed: ${step.name}`);
        break;
      case 'sent':
        this.send(step.event);
        break;
    }
  }

  /** Resolves when the machine has come to rest there. @throws where it rests elsewhere */
  async restsIn(states: readonly string[]): Promise<void> {
    const wanted = states.toSorted().join(', ');
    let now = '';
    for (let turn = 0; turn < turnsMax; turn += 1) {
      await new Promise((resolve) => {
        setImmediate(resolve);
      });
      now = this.#run === null ? '' : this.#run.states().toSorted().join(', ');
      if (turn >= turnsMin && now === wanted) return;
    }
    throw new Error(`it should be in ${wanted}, and is in ${now || 'no state at all'}`);
  }

  async close(): Promise<void> {
    await this.#engine.close();
  }

  /** The process ends, nobody drives the run until the timer is overdue, and another one goes on. */
  async #restart(delayMs: number): Promise<void> {
    this.clock.passUntilDue(delayMs);
    await this.#engine.close();
    [this.#store, this.#engine] = this.#seat();
    // Told when its timers are armed again.
    const resumed = Promise.withResolvers<unknown>();
    this.#engine.once('run.resumed', resumed.resolve);
    const [run] = (await this.#engine.recover()).runs;
    if (run === undefined) throw new Error('the run could not be taken over');
    this.#run = run;
    await resumed.promise;
  }

  #seat(): readonly [RunStore, Engine] {
    const store = new MemoryStore(this.#memory);
    const onStarted = (run: Run): void => void (this.#run = run);
    const { clock } = this;
    return [store, new ScriptedEngine({ machines: this.#machines, clock, store, onStarted })];
  }
}
