import type { AnyMachineSnapshot, EventObject } from 'xstate';

import type { JournalRow, StoredEvent } from '../../ports/run-store.ts';
import { doneEvent } from '../actor-events.ts';
import type { Command } from '../commands.ts';
import { namesOf } from '../entered-states.ts';
import type { RegisteredMachine } from '../registry.ts';
import type { Step } from '../stepper.ts';
import type { InspectedActor } from './inspected-run.ts';
import { InspectedRun } from './inspected-run.ts';
import type { InspectionMessage, ToldOfActor } from './message.ts';
import { definitionOf, toMessage } from './message.ts';

/** Something to tell; where it returns a run, that one has to take an event first. */
type Work = () => InspectedRun | void;

interface Settling {
  readonly event: EventObject;
  /** To be told of others when this was told. */
  readonly after: readonly ToldOfActor[];
  readonly isParentBusy: boolean;
}

const stopEvent = { type: 'xstate.stop' };

/**
 * A run with its children as XState's inspection would show them, made of their journal by the machines' transitions alone:
 * the same messages in the same order as live actors send them.
 */
export class InspectedFamily {
  readonly #rootId: string;
  readonly #machine: RegisteredMachine;
  readonly #runs = new Map<string, InspectedRun>();
  /** Of children that have ended: told when their parent has taken it, as a call that returns. */
  readonly #held = new Map<InspectedActor, readonly ToldOfActor[]>();
  /** Parents that go on when a child has taken what they sent to it. */
  readonly #waiting = new Map<InspectedRun, () => void>();
  /** Sessions whose end was told to their parent, which was busy and takes it later. */
  readonly #announced = new Set<string | null>();
  #told: ToldOfActor[] = [];

  constructor(rootId: string, machine: RegisteredMachine) {
    this.#rootId = rootId;
    this.#machine = machine;
  }

  /** @param row the next one; each is taken once */
  take(row: JournalRow): InspectionMessage[] {
    this.#told = [];
    const run = this.#runs.get(row.runId);
    if (run !== undefined) this.#step(run, row);
    else if (row.runId === this.#rootId) this.#beginRoot(row);
    const about = { atEpochMs: row.atEpochMs, rootId: this.#rootId };
    return this.#told.map((told) => toMessage(told, about));
  }

  #beginRoot(row: JournalRow): void {
    const machine = this.#machine;
    const { event, runId: sessionId } = row;
    const input = event['input'];
    const root = new InspectedRun({ sessionId, id: machine.id, machine, parent: null, input });
    this.#appear(root)();
    part(root, row);
  }

  /** Tells of an actor and of whom it starts itself; what is returned starts them. */
  #appear(actor: InspectedActor): Work {
    const { id: name, input, sessionId } = actor;
    const parent = actor.parent?.sessionId ?? null;
    const of = { name, sessionId, ...(parent === null ? {} : { parentId: parent }) };
    const event = { type: 'xstate.init', input };
    if (actor.kind !== 'run') {
      const snapshot = { status: 'active', input };
      const definition = definitionOf(null, name);
      this.#told.push({ type: '@xstate.actor', ...of, definition, snapshot });
      return () => {
        this.#tellEvent(sessionId, event, parent);
        this.#tellSnapshot(sessionId, event, snapshot);
      };
    }
    const { stepper } = actor.machine;
    const { commands, snapshot } = stepper.start(input);
    actor.snapshot = snapshot;
    this.#runs.set(sessionId, actor);
    const definition = definitionOf(stepper.machine, name);
    this.#told.push({ type: '@xstate.actor', ...of, definition, snapshot });
    const works = this.#plan(actor, commands);
    return () => {
      this.#tellEvent(sessionId, event, parent);
      this.#perform(works, () => this.#settle(actor, { event, after: [], isParentBusy: true }));
    };
  }

  /** XState makes all actors of a step before it starts or stops the first. */
  #plan(run: InspectedRun, commands: readonly Command[]): Work[] {
    return run.obey(commands).map((deed) => {
      switch (deed.do) {
        case 'start':
          return this.#appear(deed.actor);
        case 'stop':
          return () => this.#stop(deed.actor);
        case 'send':
          return () => {
            deed.to.receive(deed.event);
            return deed.to;
          };
      }
    });
  }

  /** What is sent to a child is taken by it before its parent goes on. */
  #perform(works: readonly Work[], end: () => void): void {
    for (const [at, work] of works.entries()) {
      const busy = work();
      if (busy === undefined) continue;
      this.#waiting.set(busy, () => this.#perform(works.slice(at + 1), end));
      return;
    }
    end();
  }

  /** The parent goes on, whether or not the child has taken what was sent to it. */
  #goOn(child: InspectedRun): void {
    const goOn = this.#waiting.get(child);
    this.#waiting.delete(child);
    goOn?.();
  }

  #stop(actor: InspectedActor): void {
    if (actor.kind === 'run') {
      this.#told.push(...this.#release(actor));
      if (actor.isOver || actor.isParted) return;
      const { commands, snapshot } = actor.machine.stepper.next(actor.snapshot, stopEvent);
      const told = (): void => this.#tellSnapshot(actor.sessionId, stopEvent, snapshot);
      this.#perform(this.#plan(actor, commands), told);
      this.#end(actor);
      return;
    }
    const { input, kind, sessionId } = actor;
    // A promise forgets its input when it is over, a callback does not.
    const snapshot = { status: 'stopped', ...(kind === 'watch' ? { input } : {}) };
    this.#tellSnapshot(sessionId, stopEvent, snapshot);
  }

  #step(run: InspectedRun, row: JournalRow): void {
    const { effectKey, event } = row;
    // A child's beginning was told with its parent's step.
    if (event.type === 'xstate.init') return part(run, row);
    for (const child of this.#waiting.keys()) if (child.parent === run) this.#goOn(child);
    if (event.type === 'virtstate.broken') return this.#break(run, event);
    const actor = run.actorOf(effectKey);
    const after = actor === null ? [] : this.#endActor(actor, event);
    const sender = effectKey ?? run.senderOf(event.type);
    const isParentBusy = sender !== null && sender === run.parent?.sessionId;
    if (!this.#announced.delete(effectKey)) this.#tellEvent(run.sessionId, event, sender);
    const step = stepOf(run, row);
    if (step === null) {
      this.#told.push(...after);
      return;
    }
    run.snapshot = step.snapshot;
    const end = (): void => this.#settle(run, { event, after, isParentBusy });
    this.#perform(this.#plan(run, step.commands), end);
    if (isParentBusy) this.#goOn(run);
  }

  /** What is left to tell of an actor that ends with this event, when its parent has taken it. */
  #endActor(actor: InspectedActor, event: StoredEvent): readonly ToldOfActor[] {
    if (actor.kind === 'run') return this.#release(actor);
    const [, how] = /^xstate\.(done|error)\.actor\./.exec(event.type) ?? [];
    if (actor.kind === 'watch' || how === undefined) return [];
    actor.isOver = true;
    const { sessionId } = actor;
    const { error, output } = event;
    const isDone = how === 'done';
    const own = isDone
      ? { type: 'xstate.promise.resolve', data: output }
      : { type: 'xstate.promise.reject', data: error };
    const snapshot = isDone ? { status: 'done', output } : { status: 'error', error };
    this.#tellEvent(sessionId, own, sessionId);
    return [{ type: '@xstate.snapshot', sessionId, event: own, snapshot }];
  }

  /** A child that has ended says so to its parent first, who takes it at once unless it is busy. */
  #settle(run: InspectedRun, { after, event, isParentBusy }: Settling): void {
    const { id, parent, sessionId, snapshot } = run;
    const told: ToldOfActor = { type: '@xstate.snapshot', sessionId, event, snapshot };
    const isOver = snapshot.status !== 'active';
    if (isOver) this.#end(run);
    if (!isOver || parent === null) {
      this.#told.push(told, ...after);
    } else if (isParentBusy) {
      this.#tellEvent(parent.sessionId, doneEvent(id, snapshot.output), sessionId);
      this.#announced.add(sessionId);
      this.#told.push(told, ...after);
    } else {
      this.#held.set(run, [told, ...after]);
    }
  }

  /** The machine failed, and nothing was stepped. */
  #break(run: InspectedRun, event: StoredEvent): void {
    const { failure: error } = event;
    this.#tellSnapshot(run.sessionId, event, { ...run.snapshot, status: 'error', error });
    this.#end(run);
  }

  #end(run: InspectedRun): void {
    run.isOver = true;
    this.#runs.delete(run.sessionId);
  }

  #release(run: InspectedRun): readonly ToldOfActor[] {
    const held = this.#held.get(run) ?? [];
    this.#held.delete(run);
    return held;
  }

  #tellEvent(sessionId: string, event: EventObject, sender: string | null): void {
    const source = sender === null ? {} : { sourceId: sender };
    this.#told.push({ type: '@xstate.event', sessionId, event, ...source });
  }

  #tellSnapshot(sessionId: string, event: EventObject, snapshot: unknown): void {
    this.#told.push({ type: '@xstate.snapshot', sessionId, event, snapshot });
  }
}

/** `null`: the machine of today does not do what stands on record. */
function stepOf(run: InspectedRun, row: JournalRow): Step | null {
  if (run.isParted) return null;
  try {
    const step = run.machine.stepper.next(run.snapshot, row.event);
    if (isSame(step.snapshot, row)) return step;
  } catch {
    // Its version met this event otherwise.
  }
  run.isParted = true;
  return null;
}

function part(run: InspectedRun, row: JournalRow): void {
  run.isParted = !isSame(run.snapshot, row);
}

function isSame(snapshot: AnyMachineSnapshot, { to }: JournalRow): boolean {
  const names = namesOf(snapshot);
  return names.length === to.length && names.every((name) => to.includes(name));
}
