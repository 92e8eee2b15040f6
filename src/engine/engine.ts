import { EventEmitter } from 'eventemitter3';

import type { Clock } from '../ports/clock.ts';
import type { Failure } from '../ports/failure.ts';
import { toFailure } from '../ports/failure.ts';
import type { Log } from '../ports/log.ts';
import type { PostedEvent, RunStore, StoredEvent } from '../ports/run-store.ts';
import { Acting } from './acting.ts';
import { ActiveRun } from './active-run.ts';
import type { Limits, StartOptions } from './admission.ts';
import { Admission, locksFor } from './admission.ts';
import { judge, statesOf } from './allowed-events.ts';
import type { Changes } from './changes.ts';
import { cleanedLog } from './cleaned-log.ts';
import { Driver } from './driver.ts';
import { EngineError } from './engine-error.ts';
import type { EngineEvents, RunEvent } from './events.ts';
import { emitRunEvent } from './events.ts';
import { Family } from './family.ts';
import { Inbox } from './inbox.ts';
import type { Inspect } from './inspection/inspection.ts';
import { Inspection } from './inspection/inspection.ts';
import type { ParkedRun } from './recovery.ts';
import { Recovery } from './recovery.ts';
import { mapTexts, redactText } from './redaction.ts';
import type { RegisteredMachine } from './registry.ts';
import { registerMachines } from './registry.ts';
import type { RunHandle } from './run-handle.ts';
import { handleOf } from './run-handle.ts';
import { logEvent } from './log-event.ts';
import { isOnRecord, leaveToRecovery, leftBehind } from './leaving.ts';
import { Run } from './run.ts';
import type { BoundMachine } from './slots.ts';
import { TurnLoop } from './turn-loop.ts';

export interface EngineOptions {
  /** Of this engine alone; others on the same records have one of their own. The caller closes it. */
  readonly store: RunStore;
  readonly machines: readonly BoundMachine[];
  readonly clock: Clock;
  readonly log: Log;
  /** Makes ids of runs; passed in, as all that is not reproducible. */
  readonly newRunId: () => string;
  /** By default 4 a host, and as many as there are in all. */
  readonly limits?: Partial<Limits>;
  /** Told of every step when it is on record, in the messages of `@statelyai/inspect`. */
  readonly inspect?: Inspect;
}

export interface Recovered {
  /** They go on here. */
  readonly runs: readonly Run[];
  /** They fit no machine here; their records stay as they are. */
  readonly parked: readonly ParkedRun[];
}

const defaultLimits: Limits = { perHost: 4, total: null };

/**
 * Runs machines durably on XState's pure functions: transition, commit, act. Everything that
 * happens within one turn of the event loop, for all runs, is one transaction, and nothing acts
 * before its record is durable.
 */
export class Engine extends EventEmitter<EngineEvents> {
  readonly #options: EngineOptions;
  readonly #machines: ReadonlyMap<string, RegisteredMachine>;
  readonly #families = new Map<string, Family>();
  readonly #loop: TurnLoop;
  readonly #driver: Driver;
  readonly #recovery: Recovery;
  readonly #admission: Admission;
  readonly #inbox: Inbox;
  readonly #inspection: Inspection | null;
  readonly #silence: () => void;
  #isClosed = false;

  /** @throws when a machine has a slot that nothing is bound to */
  constructor(options: EngineOptions) {
    super();
    const { clock, store } = options;
    // What is said of no run in particular has no secret either.
    const log = cleanedLog(options.log, (value) => mapTexts(value, (text) => redactText(text, [])));
    this.#options = { ...options, log };
    this.#machines = registerMachines(options.machines);
    this.#loop = new TurnLoop({
      store,
      clock,
      log,
      settle: (changes) => this.#settle(changes),
      refuse: (changes, refusal) => this.#refuse(changes, refusal),
    });
    const loop = this.#loop;
    const acting = new Acting({
      clock,
      log,
      deliver: (run, event, sender) => this.#driver.deliver(run, event, sender),
      tell: (family, event) => this.#tell(family, event),
      keepProgress: (family) =>
        loop.enqueue((turn) => void (family.isOver ? null : turn.in(family))),
    });
    this.#driver = new Driver({ loop, acting });
    const adopt = (family: Family): void => void this.#families.set(family.id, family);
    this.#recovery = new Recovery({ store, log, machines: this.#machines, loop, acting, adopt });
    this.#admission = new Admission(store, clock);
    this.#inbox = new Inbox({ store, log, take: (posted) => this.#take(posted) });
    const { inspect } = options;
    this.#inspection =
      inspect === undefined
        ? null
        : new Inspection({ store, log, machines: this.#machines, inspect });
    this.#silence = store.onChange(() => {
      this.#admission.wake();
      this.#inbox.read();
    });
  }

  /**
   * Resolves when the run holds its locks, before its first step is on record and told.
   *
   * @throws EngineError noMachine, badInput, runExists, closed; BusyError when another run holds its locks and
   *   it does not wait; the reason of an aborted signal; StoreError
   */
  async start(machineId: string, input: unknown, options: StartOptions = {}): Promise<Run> {
    if (this.#isClosed) throw new EngineError('closed', 'the engine was closed');
    options.signal?.throwIfAborted();
    const machine = this.#machines.get(machineId);
    if (machine === undefined) throw new EngineError('noMachine', `no machine ${machineId}`);
    const id = options.runId ?? this.#options.newRunId();
    const { about, family, sealed, step } = prepare(id, machine, input);
    await this.#refuseTaken(options.runId);
    const limits = { ...defaultLimits, ...this.#options.limits };
    await this.#admission.admit(family.id, locksFor(about, limits), options);
    // Of two at once with one id, which hold the same locks, the first one goes on.
    if (this.#families.has(id)) throw runExists(id);
    const startedAtEpochMs = this.#options.clock.nowEpochMs();
    const run = new ActiveRun({ id, family, machine, parent: null, startedAtEpochMs });
    run.snapshot = step.snapshot;
    this.#families.set(id, family);
    this.#loop.enqueue((turn) => this.#driver.begin(turn, { run, input: sealed, step }));
    return this.#handOut(run);
  }

  /** A run on record, whoever drives it; `null`: there is none of that id at the top. */
  async find(runId: string): Promise<RunHandle | null> {
    const { clock, store } = this.#options;
    if ((await store.summary(runId)) === null) return null;
    const driven = (): ActiveRun | null => this.#families.get(runId)?.root ?? null;
    const send = (root: ActiveRun, event: StoredEvent): void => this.#send(root, event);
    return handleOf(runId, { store, clock, machines: this.#machines, driven, send });
  }

  /**
   * Goes on with every unfinished run that no living engine drives.
   *
   * @param only ids of the runs that are meant, where not all are
   * @throws StoreError; EngineError closed
   */
  async recover(only?: readonly string[]): Promise<Recovered> {
    if (this.#isClosed) throw new EngineError('closed', 'the engine was closed');
    const { resumed, parked } = await this.#recovery.run(only);
    const runs = resumed.flatMap(({ root }) => (root === null ? [] : [this.#handOut(root)]));
    this.#inbox.read();
    return { runs, parked };
  }

  /**
   * Nothing goes on here any more; what is under way outside stays under way, and whoever recovers
   * goes on with it. Whoever waits for a run hears that it was left.
   */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#silence();
    this.#admission.close();
    const families = [...this.#families.values()];
    await this.#loop.close();
    const left = families.filter(({ isOver }) => !isOver);
    const atEpochMs = this.#options.clock.nowEpochMs();
    for (const family of left) {
      const failure = leftBehind(family.root === null ? [] : statesOf(family.root));
      family.stop();
      family.ending.resolve({ ended: 'broken', failure, atEpochMs });
    }
    this.#families.clear();
    await this.#options.store.release(left.map(({ id }) => id));
    await this.#inspection?.settled();
  }

  async #refuseTaken(runId: string | undefined): Promise<void> {
    if (runId === undefined) return;
    if (this.#families.has(runId) || (await this.#options.store.summary(runId)) !== null)
      throw runExists(runId);
  }

  #handOut(root: ActiveRun): Run {
    const { family } = root;
    const deliver = (event: { type: string }): void => this.#send(root, event);
    return new Run({ root, ending: family.ending.promise, deliver });
  }

  #send(root: ActiveRun, event: { type: string }): void {
    this.#driver.deliver(root, event, { effectKey: null, isCurrent: () => true });
  }

  /** The answer is part of the same transaction as the step. */
  #take({ event, rootId, seq }: PostedEvent): boolean {
    const family = this.#families.get(rootId);
    if (family === undefined) return false;
    this.#loop.enqueue((turn) => {
      const { root } = family;
      if (root === null || family.isOver) return;
      const clean = family.secrets.clean(event);
      const answer = judge(root, clean);
      turn.in(family).answers.push({ seq, answer });
      if (answer.accepted) this.#driver.step(turn, root, clean, null);
    });
    return true;
  }

  #settle(changes: Changes): void {
    const { acts, ending, family, stopped, tellings } = changes;
    for (const abort of stopped) abort.abort();
    if (ending !== null) {
      family.isOver = true;
      this.#families.delete(family.id);
    }
    for (const act of acts) act();
    for (const event of tellings) this.#tell(family, event);
    this.#inspection?.stepped(family);
    if (ending === null) return;
    this.#inspection?.forget(family.id);
    family.ending.resolve(ending);
    this.#admission.wake();
  }

  #tell(family: Family, event: RunEvent): void {
    logEvent(this.#options.log, family, event);
    if (this.listenerCount(event.type) > 0)
      this.#tellOne((told) => emitRunEvent(this, told), event);
    for (const listener of family.listeners) this.#tellOne(listener, event);
  }

  /** A listener with a bug must not keep runs from going on. */
  #tellOne(listener: (event: RunEvent) => unknown, event: RunEvent): void {
    try {
      listener(event);
    } catch (error) {
      this.#options.log.error('a listener failed', { failure: toFailure(error) });
    }
  }

  /** Nothing of this turn is on record, so nothing of it may happen, nor go on beside it. */
  #refuse({ family, stopped, tellings }: Changes, refusal: Failure): void {
    for (const abort of stopped) abort.abort();
    family.stop();
    this.#families.delete(family.id);
    const isBeginning = tellings.some(({ runId, type }) => {
      return type === 'run.started' && runId === family.id;
    });
    void this.#leave(family, refusal, isBeginning);
  }

  async #leave(family: Family, refusal: Failure, isBeginning: boolean): Promise<void> {
    const { clock, log, store } = this.#options;
    const failure = family.secrets.clean(await leaveToRecovery(store, family.id, refusal, log));
    const atEpochMs = clock.nowEpochMs();
    const { id, machine } = family;
    family.ending.resolve({ ended: 'broken', failure, atEpochMs });
    this.#admission.wake();
    this.#inspection?.forget(id);
    // Another engine was quicker with the same id: that run goes on, and none of this one has broken.
    if (isBeginning && (await isOnRecord(store, id))) return;
    const about = { runId: id, rootRunId: id, machine, atEpochMs };
    this.#tell(family, { type: 'run.broken', ...about, failure });
  }
}

const runExists = (id: string): EngineError =>
  new EngineError('runExists', `there is a run ${id} already`);

/** Everything that may go wrong with an input, before anything is held or recorded. */
function prepare(id: string, machine: RegisteredMachine, input: unknown) {
  try {
    const about = machine.about?.(input) ?? null;
    const family = new Family({ id, machine: machine.id, subject: about?.subject ?? null });
    const sealed = family.secrets.sealInput(input, about?.secrets ?? []);
    return { about, family, sealed, step: machine.stepper.start(sealed) };
  } catch (error) {
    const { message } = toFailure(error);
    throw new EngineError('badInput', `${machine.id} cannot begin with that: ${message}`);
  }
}
