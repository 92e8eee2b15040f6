import type { AnyMachineSnapshot, AnyStateMachine, EventObject } from 'xstate';

import type { Command } from '../../src/engine/commands.ts';
import { enteredStates, namesOf } from '../../src/engine/entered-states.ts';
import { Stepper } from '../../src/engine/stepper.ts';
import type { Failure } from '../../src/ports/failure.ts';

type Started = Extract<Command, { do: 'startActor' }>;
type Timer = Extract<Command, { do: 'armTimer' }>;

/** Preparing a machine for stepping costs far more than a step. */
const steppers = new WeakMap<AnyStateMachine, Stepper>();

function stepperOf(machine: AnyStateMachine): Stepper {
  const stepper = steppers.get(machine) ?? new Stepper(machine);
  steppers.set(machine, stepper);
  return stepper;
}

/**
 * A machine stepped event by event: nothing runs. It keeps the books of a driver (what is in
 * flight, which timers are armed), so that a test cannot feed a reply that nobody waits for.
 */
export class Walk {
  snapshot: AnyMachineSnapshot;
  /** Innermost states in the order in which they were entered. */
  readonly entered: string[] = [];
  readonly commands: Command[] = [];
  /** Every event that was fed, in order. */
  readonly history: EventObject[] = [];
  readonly inFlight = new Map<string, Started>();
  readonly timers = new Map<string, Timer>();
  readonly #machine: AnyStateMachine;
  readonly #input: unknown;
  readonly #stepper: Stepper;
  #atEpochMs = 0;

  constructor(machine: AnyStateMachine, input: unknown) {
    this.#machine = machine;
    this.#input = input;
    this.#stepper = stepperOf(machine);
    const { snapshot, path, commands } = this.#stepper.start(input);
    this.snapshot = snapshot;
    this.#take(null, path, commands);
  }

  /** From here on, apart from this one and without what it has written down so far. */
  fork(): Walk {
    const copy = new Walk(this.#machine, this.#input);
    copy.snapshot = this.snapshot;
    for (const book of [copy.inFlight, copy.timers]) book.clear();
    for (const list of [copy.entered, copy.commands, copy.history]) list.length = 0;
    for (const [id, started] of this.inFlight) copy.inFlight.set(id, started);
    for (const [id, timer] of this.timers) copy.timers.set(id, timer);
    copy.#atEpochMs = this.#atEpochMs;
    return copy;
  }

  /** What stands on record of it. */
  persisted(): unknown {
    return this.#stepper.persist(this.snapshot);
  }

  send(event: EventObject): this {
    const before = this.snapshot;
    this.history.push(event);
    const { snapshot, path, commands } = this.#stepper.next(before, event);
    // What no transition handles, as XState has it: the run would break.
    if (snapshot.status === 'error') throw snapshot.error;
    this.snapshot = snapshot;
    this.#take(before, path, commands);
    return this;
  }

  /** What a watch tells, one millisecond after the last. */
  see(type: string, detail?: string): this {
    this.#atEpochMs += 1;
    const more = detail === undefined ? {} : { detail };
    return this.send(Object.assign({ type }, { atEpochMs: this.#atEpochMs }, more));
  }

  done(actorId: string, output?: unknown): this {
    this.#mustBeInFlight(actorId);
    return this.lateReply(actorId, output);
  }

  fail(actorId: string, error: Failure): this {
    this.#mustBeInFlight(actorId);
    return this.send(Object.assign({ type: `xstate.error.actor.${actorId}` }, { error, actorId }));
  }

  /** A reply that nobody waits for any more. */
  lateReply(actorId: string, output?: unknown): this {
    return this.send(Object.assign({ type: `xstate.done.actor.${actorId}` }, { output, actorId }));
  }

  /** Lets the one armed timer of that delay fire. */
  elapse(delay: string): this {
    const timer = [...this.timers.values()].find(({ id }) =>
      id.startsWith(`xstate.after.${delay}.`),
    );
    if (timer === undefined) throw new Error(`no timer ${delay} in ${this.states().join(', ')}`);
    this.timers.delete(timer.id);
    return this.send(timer.event);
  }

  states(): string[] {
    return namesOf(this.snapshot);
  }

  isIn(state: string): boolean {
    return this.states().some((name) => name === state || name.startsWith(`${state}.`));
  }

  /** Names of the slots that were started, in order. */
  started(): string[] {
    return this.commands.flatMap((command) => (command.do === 'startActor' ? [command.src] : []));
  }

  output(): unknown {
    return this.snapshot.output;
  }

  #take(
    before: AnyMachineSnapshot | null,
    path: readonly AnyMachineSnapshot[],
    commands: readonly Command[],
  ): void {
    this.entered.push(...enteredStates(before, path).map(({ state }) => state));
    this.commands.push(...commands);
    for (const command of commands) {
      if (command.do === 'startActor') this.inFlight.set(command.id, command);
      if (command.do === 'stopActor') this.inFlight.delete(command.id);
      if (command.do === 'armTimer') this.timers.set(command.id, command);
      if (command.do === 'cancelTimer') this.timers.delete(command.id);
    }
  }

  #mustBeInFlight(actorId: string): void {
    if (!this.inFlight.has(actorId))
      throw new Error(`${actorId} is not in flight in ${this.states().join(', ')}`);
  }
}
