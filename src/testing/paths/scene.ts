import type {
  AnyMachineSnapshot,
  AnyStateMachine,
  AnyStateNode,
  AnyTransitionDefinition,
  EventObject,
} from 'xstate';
import { StateMachine } from 'xstate';

import { doneEvent } from '../../engine/actor-events.ts';
import type { Command } from '../../engine/commands.ts';
import type { Step } from '../../engine/stepper.ts';
import { Stepper } from '../../engine/stepper.ts';
import type { Letters } from './alphabet.ts';
import { PathError } from './path-error.ts';
import { around } from './state-nodes.ts';

export interface Call {
  readonly id: string;
  readonly src: string;
  readonly input: unknown;
}

export interface Timer {
  readonly id: string;
  readonly event: EventObject;
  readonly delayMs: number;
}

/** A machine at one moment, with the books of a driver: who is to answer, and which timers are armed. */
export interface Running {
  readonly part: Part;
  readonly snapshot: AnyMachineSnapshot;
  readonly calls: ReadonlyMap<string, Call>;
  readonly timers: ReadonlyMap<string, Timer>;
}

/** A machine and its unfinished children at one moment; the way of the machine itself is empty. */
export type Scene = ReadonlyMap<string, Running>;

/** One machine of a composition, ready to be stepped. */
export interface Part {
  readonly letters: Letters;
  readonly stepper: Stepper;
  /** By the name under which this one invokes them; a child that is only a slot is not here. */
  readonly children: Readonly<Record<string, Part>>;
}

/** What an event has done to a scene. */
export interface Happening {
  readonly scene: Scene;
  readonly taken: readonly AnyTransitionDefinition[];
  /** Every state that was active on the way, also those that were left at once. */
  readonly passed: ReadonlySet<AnyStateNode>;
  /** Calls that nobody waits for any more although they have not been answered, by way. */
  readonly abandoned: readonly { readonly way: string; readonly call: Call }[];
  /** Of the machine at the top, once it is over. */
  readonly output: unknown;
}

/** @throws {PathError} where an alphabet leaves out a slot, or names one that the machine has not */
export function preparePart(machine: AnyStateMachine, letters: Letters): Part {
  const { actors } = machine.implementations;
  const missing = Object.keys(actors).filter((src) => letters.actors[src] === undefined);
  if (missing.length > 0)
    throw new PathError('noAlphabet', `${machine.id}: no alphabet for slot ${missing.join(', ')}`);
  const unknown = Object.keys(letters.actors).filter((src) => !(src in actors));
  if (unknown.length > 0)
    throw new PathError('noSlot', `${machine.id} has no slot ${unknown.join(', ')}`);
  const children: Record<string, Part> = {};
  for (const [src, alphabet] of Object.entries(letters.actors)) {
    if (!('child' in alphabet)) continue;
    const logic: unknown = actors[src];
    if (!(logic instanceof StateMachine))
      throw new PathError('noSlot', `slot ${src} of ${machine.id} is no machine`);
    children[src] = preparePart(logic, alphabet.child);
  }
  return { letters, stepper: new Stepper(machine), children };
}

interface Due {
  readonly way: string;
  readonly event: EventObject;
}

/** One event, and all that follows from it in parents and children; no actor is run. */
class Turn {
  readonly scene: Map<string, Running>;
  readonly taken: AnyTransitionDefinition[] = [];
  readonly passed = new Set<AnyStateNode>();
  readonly abandoned: { readonly way: string; readonly call: Call }[] = [];
  output: unknown = undefined;
  readonly #due: Due[] = [];

  constructor(scene: Scene) {
    this.scene = new Map(scene);
  }

  run(first: Due): this {
    this.#due.push(first);
    for (let due = this.#due.shift(); due !== undefined; due = this.#due.shift()) {
      const running = this.scene.get(due.way);
      // A child that has ended in the meantime hears nothing.
      if (running === undefined) continue;
      this.#take(due.way, running, running.part.stepper.next(running.snapshot, due.event));
    }
    return this;
  }

  begin(way: string, part: Part, input: unknown): this {
    const step = part.stepper.start(input);
    const { snapshot } = step;
    const running = { part, snapshot, calls: new Map(), timers: new Map() };
    this.scene.set(way, running);
    for (const node of snapshot._nodes) this.passed.add(node);
    this.#take(way, running, step);
    return this;
  }

  #take(way: string, before: Running, { snapshot, path, transitions, commands }: Step): void {
    const { part } = before;
    for (const each of path) for (const node of each._nodes) this.passed.add(node);
    this.taken.push(...transitions);
    // A state in which a machine begins, and that is left at once, is in no snapshot.
    for (const { source } of transitions) for (const node of around(source)) this.passed.add(node);
    if (snapshot.status === 'error')
      throw new PathError('broken', `${part.stepper.machine.id} breaks: ${String(snapshot.error)}`);
    if (commands.length === 0) {
      this.scene.set(way, { ...before, snapshot });
      return;
    }
    const calls = new Map(before.calls);
    const timers = new Map(before.timers);
    this.scene.set(way, { part, snapshot, calls, timers });
    for (const command of commands) this.#obey(way, { part, calls, timers }, command);
    if (snapshot.status === 'done') this.#end(way, snapshot.output);
  }

  #obey(
    way: string,
    books: { part: Part; calls: Map<string, Call>; timers: Map<string, Timer> },
    command: Command,
  ): void {
    const { calls, part, timers } = books;
    switch (command.do) {
      case 'startActor': {
        const child = part.children[command.src];
        if (child === undefined) calls.set(command.id, command);
        else this.begin(below(way, command.id), child, command.input);
        break;
      }
      case 'stopActor': {
        const call = calls.get(command.id);
        if (call !== undefined) this.abandoned.push({ way, call });
        calls.delete(command.id);
        this.#stop(below(way, command.id));
        break;
      }
      case 'armTimer':
        timers.set(command.id, command);
        break;
      case 'cancelTimer':
        timers.delete(command.id);
        break;
      case 'sendTo':
        this.#due.push({ way: below(way, command.actorId), event: command.event });
        break;
    }
  }

  #end(way: string, output: unknown): void {
    if (way === '') {
      this.output = output;
      return;
    }
    this.#stop(way);
    const [parent, id] = above(way);
    this.#due.push({ way: parent, event: doneEvent(id, output) });
  }

  #stop(way: string): void {
    for (const each of this.scene.keys())
      if (each === way || each.startsWith(`${way}/`)) this.scene.delete(each);
  }
}

function below(way: string, id: string): string {
  return way === '' ? id : `${way}/${id}`;
}

/** The machine that has invoked one, and under which id. */
export function above(way: string): readonly [parent: string, id: string] {
  const at = way.lastIndexOf('/');
  return [way.slice(0, Math.max(at, 0)), way.slice(at + 1)];
}

/** @throws {PathError} where the machine itself breaks */
export function begin(part: Part, input: unknown): Happening {
  return new Turn(new Map()).begin('', part, input);
}

/** @throws {PathError} where the machine itself breaks */
export function happen(scene: Scene, way: string, event: EventObject): Happening {
  return new Turn(scene).run({ way, event });
}
