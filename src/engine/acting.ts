import type { EventObject } from 'xstate';

import type { Clock } from '../ports/clock.ts';
import type { Log } from '../ports/log.ts';
import type { StreamProgress } from '../ports/observation.ts';
import type { ActiveRun } from './active-run.ts';
import { doneEvent, failedEvent } from './actor-events.ts';
import { namesOf } from './entered-states.ts';
import type { RunEvent } from './events.ts';
import type { Family } from './family.ts';
import { startSlot } from './start-slot.ts';

/** Where an event comes from, and whether it still counts when its turn has come. */
export interface Sender {
  readonly effectKey: string | null;
  /** It fires with this event: a delayed raise is not cancelled by XState, so its row goes then. */
  readonly timerId?: string;
  /** The invoke that is over with this event. */
  readonly ends?: string;
  readonly isCurrent: () => boolean;
}

export interface ActingOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly deliver: (run: ActiveRun, event: EventObject, sender: Sender) => void;
  readonly tell: (family: Family, event: RunEvent) => void;
  /** Puts the family's progress on record. */
  readonly keepProgress: (family: Family) => void;
}

/** For the first time, again after an earlier process left, or found where it went on without us. */
export type Manner = 'first' | 'again' | 'adopted';

export interface Invocation {
  readonly id: string;
  readonly src: string;
  /** With tokens in place of secrets. */
  readonly input: unknown;
}

/** Progress alone makes at most four commits a second. */
const keepProgressMs = 250;

/** What happens in the world once it is on record: effects, watches and timers. */
export class Acting {
  readonly #options: ActingOptions;

  constructor(options: ActingOptions) {
    this.#options = options;
  }

  /** Starts the actor that the machine has entered last under this id, unless it was left again. */
  start(run: ActiveRun, { id, src, input }: Invocation, manner: Manner): void {
    const actor = run.actors.get(id);
    const slot = run.machine.slots[src];
    if (slot === undefined || actor === undefined || actor.abort.signal.aborted) return;
    const { clock, log, tell } = this.#options;
    const { family } = run;
    const { key, abort } = actor;
    const { signal } = abort;
    const about = () => ({ ...this.#of(run), key, src });
    const tools = {
      signal,
      key,
      clock,
      log: family.secrets.guard(named(log, run)),
      seal: (secret: string) => family.secrets.seal(secret),
      resumed: manner !== 'first',
      report: (streams: readonly StreamProgress[]) => this.#report(run, streams),
      send: (event: EventObject) => this.#receive(run, id, key, event),
    };
    const opened = family.secrets.open(input);
    startSlot({
      signal,
      work: () =>
        manner === 'adopted' && slot.adopt !== undefined
          ? slot.adopt(opened, tools)
          : slot.run(opened, tools),
      finish: ({ output, failure }) => {
        if (failure === null) {
          tell(family, { type: 'effect.finished', ...about() });
          this.#end(run, id, key, doneEvent(id, output));
        } else {
          const clean = family.secrets.clean(failure);
          tell(family, { type: 'effect.failed', ...about(), failure: clean });
          this.#end(run, id, key, failedEvent(id, clean));
        }
      },
    });
    tell(family, { type: 'effect.started', ...about() });
  }

  /** Nobody knows what became of it: the machine is told so, and looks. */
  giveUp(run: ActiveRun, { id, src }: Invocation): void {
    const key = run.keyOf(id);
    const message = `${src} was under way when the process that drove the run ended, and it cannot be done again blindly: nobody knows whether it took effect`;
    const failure = { code: 'interrupted', message, effect: 'unknown' } as const;
    const { family } = run;
    this.#options.tell(family, { type: 'effect.failed', ...this.#of(run), key, src, failure });
    this.#end(run, id, key, failedEvent(id, failure));
  }

  /** What is overdue fires at once. */
  arm(run: ActiveRun, timerId: string): void {
    const timer = run.timers.get(timerId);
    if (timer === undefined) return;
    const { clock, deliver } = this.#options;
    timer.disarm = clock.schedule(timer.dueAtEpochMs, () =>
      deliver(run, timer.event, {
        effectKey: null,
        timerId,
        isCurrent: () => run.timers.get(timerId) === timer,
      }),
    );
  }

  /**
   * The same after a crash. What fell due while nobody drove the run says so (`late`): whoever waited
   * for a host with it has not waited.
   */
  rearm(run: ActiveRun, timerId: string): void {
    const timer = run.timers.get(timerId);
    if (timer === undefined) return;
    if (timer.dueAtEpochMs <= this.#options.clock.nowEpochMs())
      run.timers.set(timerId, {
        ...timer,
        event: Object.assign({ ...timer.event }, { late: true }),
      });
    this.arm(run, timerId);
  }

  /** What an actor says counts only while it is the one that the machine has started last. */
  #receive(run: ActiveRun, invokeId: string, key: string, event: EventObject): void {
    this.#options.deliver(run, event, {
      effectKey: key,
      isCurrent: () => run.actors.get(invokeId)?.key === key,
    });
  }

  #end(run: ActiveRun, invokeId: string, key: string, event: EventObject): void {
    this.#options.deliver(run, event, {
      effectKey: key,
      ends: invokeId,
      isCurrent: () => run.actors.get(invokeId)?.key === key,
    });
  }

  #report(run: ActiveRun, streams: readonly StreamProgress[]): void {
    const { clock, keepProgress, tell } = this.#options;
    const { family } = run;
    if (family.isOver) return;
    const noted = family.progress.note(streams);
    tell(family, { type: 'progress', ...this.#of(run), streams: noted });
    if (family.keepsProgress) return;
    family.keepsProgress = true;
    clock.schedule(clock.nowEpochMs() + keepProgressMs, () => {
      family.keepsProgress = false;
      if (family.progress.hasNews && !family.isOver) keepProgress(family);
    });
  }

  #of({ id, family, machine }: ActiveRun) {
    const atEpochMs = this.#options.clock.nowEpochMs();
    return { runId: id, rootRunId: family.id, machine: machine.id, atEpochMs };
  }
}

/** Every line says which run it is about. */
function named(log: Log, run: ActiveRun): Log {
  const about = () => ({
    run: run.id,
    domain: run.family.subject,
    state: namesOf(run.snapshot),
  });
  return {
    debug: (message, fields) => log.debug(message, { ...about(), ...fields }),
    info: (message, fields) => log.info(message, { ...about(), ...fields }),
    warn: (message, fields) => log.warn(message, { ...about(), ...fields }),
    error: (message, fields) => log.error(message, { ...about(), ...fields }),
  };
}
