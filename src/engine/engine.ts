import { EventEmitter } from 'eventemitter3';
import type { EventObject } from 'xstate';

import type { Clock } from '../ports/clock.ts';
import type { Failure } from '../ports/failure.ts';
import { toFailure } from '../ports/failure.ts';
import type { Log } from '../ports/log.ts';
import type { RunStore } from '../ports/run-store.ts';
import { ActiveRun } from './active-run.ts';
import { doneEvent, failedEvent } from './actor-events.ts';
import type { Command } from './commands.ts';
import { enteredStates, namesOf } from './entered-states.ts';
import { EngineError } from './engine-error.ts';
import type { EngineEvents } from './events.ts';
import type { Beginning, Envelope } from './inbox.ts';
import type { RegisteredMachine } from './registry.ts';
import { registerMachines } from './registry.ts';
import { notOnRecord } from './run-ending.ts';
import { Run } from './run.ts';
import type { BoundMachine } from './slots.ts';
import { startSlot } from './start-slot.ts';
import { Turn } from './turn.ts';

/** How many runs may be at work at once. */
export interface Limits {
  /** On one daemon. */
  readonly perHost: number;
  /** `null`: as many as there are. */
  readonly total: number | null;
}

export interface StartOptions {
  /** Queues behind whoever holds its locks, in fair order. */
  readonly wait?: boolean;
  /** Gives up the place in the queue. */
  readonly signal?: AbortSignal;
}

export interface EngineOptions {
  readonly store: RunStore;
  readonly machines: readonly BoundMachine[];
  readonly clock: Clock;
  readonly log: Log;
  /** Makes ids of runs; passed in, as all that is not reproducible. */
  readonly newRunId: () => string;
  /** By default 4 a host. */
  readonly limits?: Partial<Limits>;
}

const always = (): boolean => true;

/**
 * Runs machines durably on XState's pure functions: transition, commit, act. Everything that
 * happens within one turn of the event loop, for all runs, is one transaction, and nothing acts
 * before its record is durable.
 */
export class Engine extends EventEmitter<EngineEvents> {
  readonly #options: EngineOptions;
  readonly #machines: ReadonlyMap<string, RegisteredMachine>;
  readonly #runs = new Map<string, ActiveRun>();
  #inbox: Envelope[] = [];
  #starting: Beginning[] = [];
  #turning = false;

  /** @throws when a machine has a slot that nothing is bound to */
  constructor(options: EngineOptions) {
    super();
    this.#options = options;
    this.#machines = registerMachines(options.machines);
  }

  /**
   * Resolves when the run holds its locks, before its first step is on record and told.
   *
   * @throws EngineError noMachine, badInput, closed; BusyError when another run holds its locks and
   *   it does not wait
   */
  async start(machineId: string, input: unknown, options: StartOptions = {}): Promise<Run> {
    options.signal?.throwIfAborted();
    const machine = this.#machines.get(machineId);
    if (machine === undefined) throw new EngineError('noMachine', `no machine ${machineId}`);
    const step = machine.stepper.start(input);
    const id = this.#options.newRunId();
    const run = this.#newRun(id, id, machine, null);
    this.#starting.push({ run, input, step });
    this.#wake();
    return new Run(run, (event) => this.#deliver(run, event, always));
  }

  #newRun(
    id: string,
    rootId: string,
    machine: RegisteredMachine,
    parent: ActiveRun['parent'],
  ): ActiveRun {
    const startedAtEpochMs = this.#options.clock.nowEpochMs();
    const run = new ActiveRun({ id, rootId, machine, parent, startedAtEpochMs });
    this.#runs.set(id, run);
    return run;
  }

  #deliver(run: ActiveRun, event: EventObject, isCurrent: () => boolean): void {
    this.#inbox.push({ run, event, isCurrent });
    this.#wake();
  }

  #wake(): void {
    if (this.#turning) return;
    this.#turning = true;
    setImmediate(() => void this.#turn());
  }

  /** One turn: steps until nothing is left to do, then one commit, then the acts. */
  async #turn(): Promise<void> {
    const turn = new Turn(this.#options.clock.nowEpochMs());
    for (const beginning of this.#starting.splice(0)) this.#begin(turn, beginning);
    while (this.#inbox.length > 0)
      for (const { run, event, isCurrent } of this.#inbox.splice(0))
        if (isCurrent()) this.#step(turn, run, event);
    const refusal = await this.#commit(turn);
    if (refusal === null) this.#settle(turn);
    else this.#refuseToAct(turn, refusal);
    this.#turning = false;
    if (this.#inbox.length > 0 || this.#starting.length > 0) this.#wake();
  }

  /** `null`: it is durable. */
  async #commit(turn: Turn): Promise<Failure | null> {
    try {
      await this.#options.store.commit(turn.toBatch());
      return null;
    } catch (error) {
      return toFailure(error);
    }
  }

  #begin(turn: Turn, { run, input, step }: Beginning): void {
    run.snapshot = step.snapshot;
    turn.tell((engine) => engine.emit('run.started', { ...turn.of(run), input }));
    turn.note(run, 'xstate.init', [], enteredStates(null, step.path));
    this.#obey(turn, run, step.commands);
    this.#endIfOver(turn, run);
  }

  #step(turn: Turn, run: ActiveRun, event: EventObject): void {
    if (run.isFinished) return;
    const before = run.snapshot;
    try {
      const step = run.machine.stepper.next(before, event);
      run.snapshot = step.snapshot;
      turn.note(run, event.type, namesOf(before), enteredStates(before, step.path));
      this.#obey(turn, run, step.commands);
      this.#endIfOver(turn, run);
    } catch (error) {
      this.#break(turn, run, toFailure(error));
    }
  }

  #obey(turn: Turn, run: ActiveRun, commands: readonly Command[]): void {
    for (const command of commands) {
      switch (command.do) {
        case 'startActor':
          this.#startActor(turn, run, command);
          break;
        case 'stopActor':
          this.#stopActor(turn, run, command.id);
          break;
        case 'armTimer': {
          const { id, delayMs, event } = command;
          run.disarm(id);
          run.timers.set(id, { dueAtEpochMs: turn.atEpochMs + delayMs, event, disarm: null });
          turn.act(() => this.#arm(run, id));
          break;
        }
        case 'cancelTimer':
          run.disarm(command.id);
          break;
        case 'sendTo': {
          const child = run.children.get(command.actorId);
          if (child !== undefined)
            this.#inbox.push({ run: child, event: command.event, isCurrent: always });
          break;
        }
      }
    }
  }

  #startActor(turn: Turn, run: ActiveRun, command: Command & { do: 'startActor' }): void {
    const { id, src, input } = command;
    const key = run.enter(id);
    const childMachine = run.machine.children[src];
    if (childMachine !== undefined) {
      const child = this.#newRun(key, run.rootId, childMachine, { runId: run.id, invokeId: id });
      run.children.set(id, child);
      this.#begin(turn, { run: child, input, step: childMachine.stepper.start(input) });
      return;
    }
    const slot = run.machine.slots[src];
    if (slot === undefined) throw new Error(`slot ${src} of ${run.machine.id} is not bound`);
    const abort = new AbortController();
    run.actors.set(id, { key, abort });
    turn.act(() => {
      if (abort.signal.aborted) return;
      const { clock, log } = this.#options;
      startSlot({
        slot,
        key,
        input,
        signal: abort.signal,
        clock,
        log,
        send: (event) => this.#receive(run, id, key, event),
        report: (streams) =>
          this.#tell(() => this.emit('progress', { ...turn.of(run, clock), streams })),
        finish: ({ output, failure }) => {
          const about = { ...turn.of(run, clock), key, src };
          this.#tell(() =>
            failure === null
              ? this.emit('effect.finished', about)
              : this.emit('effect.failed', { ...about, failure }),
          );
          const event = failure === null ? doneEvent(id, output) : failedEvent(id, failure);
          this.#receive(run, id, key, event);
        },
      });
      this.#tell(() => this.emit('effect.started', { ...turn.of(run, clock), key, src }));
    });
  }

  /** What an actor says counts only while it is the one that the machine has started last. */
  #receive(run: ActiveRun, invokeId: string, key: string, event: EventObject): void {
    this.#deliver(run, event, () => run.actors.get(invokeId)?.key === key);
  }

  #stopActor(turn: Turn, run: ActiveRun, invokeId: string): void {
    const actor = run.actors.get(invokeId);
    run.actors.delete(invokeId);
    if (actor !== undefined) turn.stopped.push(actor.abort);
    const child = run.children.get(invokeId);
    run.children.delete(invokeId);
    if (child !== undefined && !child.isFinished) this.#close(turn, child);
  }

  /** Ends a run with everything that it has in flight. */
  #close(turn: Turn, run: ActiveRun): void {
    run.finishedAtEpochMs = turn.atEpochMs;
    turn.touch(run);
    for (const id of run.timers.keys()) run.disarm(id);
    for (const id of [...run.actors.keys(), ...run.children.keys()]) this.#stopActor(turn, run, id);
    this.#runs.delete(run.id);
  }

  #endIfOver(turn: Turn, run: ActiveRun): void {
    const { status, output, error } = run.snapshot;
    if (status === 'active') return;
    if (status === 'error') {
      this.#break(turn, run, toFailure(error));
      return;
    }
    this.#close(turn, run);
    turn.end(run, { ended: 'finished', output, atEpochMs: turn.atEpochMs });
    turn.tell((engine) => engine.emit('run.finished', { ...turn.of(run), output }));
    this.#tellParent(run, (id) => doneEvent(id, output));
  }

  /** The machine itself failed: nothing more can be decided, and the record says so. */
  #break(turn: Turn, run: ActiveRun, failure: Failure): void {
    this.#close(turn, run);
    this.#options.log.error('a machine broke', { run: run.id, machine: run.machine.id, failure });
    turn.end(run, { ended: 'broken', failure, atEpochMs: turn.atEpochMs });
    turn.tell((engine) => engine.emit('run.broken', { ...turn.of(run), failure }));
    this.#tellParent(run, (id) => failedEvent(id, failure));
  }

  #tellParent(run: ActiveRun, event: (invokeId: string) => EventObject): void {
    if (run.parent === null) return;
    const parent = this.#runs.get(run.parent.runId);
    if (parent?.children.get(run.parent.invokeId) === run)
      this.#inbox.push({ run: parent, event: event(run.parent.invokeId), isCurrent: always });
  }

  #arm(run: ActiveRun, timerId: string): void {
    const timer = run.timers.get(timerId);
    if (timer === undefined) return;
    timer.disarm = this.#options.clock.schedule(timer.dueAtEpochMs, () => {
      // A delayed raise that fires is not cancelled by XState: its row goes here.
      const isCurrent = (): boolean =>
        run.timers.get(timerId) === timer && run.timers.delete(timerId);
      this.#deliver(run, timer.event, isCurrent);
    });
  }

  #settle(turn: Turn): void {
    for (const abort of turn.stopped) abort.abort();
    for (const act of turn.acts) act();
    for (const tell of turn.tellings) this.#tell(() => tell(this));
  }

  /** A listener with a bug must not keep runs from going on. */
  #tell(emit: () => void): void {
    try {
      emit();
    } catch (error) {
      this.#options.log.error('a listener failed', { failure: toFailure(error) });
    }
  }

  /** Nothing of this turn is on record, so nothing of it may happen, nor go on beside it. */
  #refuseToAct(turn: Turn, refusal: Failure): void {
    const failure = notOnRecord(refusal);
    const { atEpochMs, touched } = turn;
    for (const abort of turn.stopped) abort.abort();
    const related = [...this.#runs.values()].filter((run) => turn.concerns(run));
    for (const run of new Set([...touched, ...related])) {
      run.finishedAtEpochMs = atEpochMs;
      for (const { abort } of run.actors.values()) abort.abort();
      for (const id of run.timers.keys()) run.disarm(id);
      this.#runs.delete(run.id);
      run.ending.resolve({ ended: 'broken', failure, atEpochMs });
      this.#tell(() => this.emit('run.broken', { ...turn.of(run), failure }));
    }
  }
}
