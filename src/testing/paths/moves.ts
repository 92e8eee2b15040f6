import type { AnyMachineSnapshot, AnyStateNode, EventObject } from 'xstate';

import { doneEvent, failedEvent } from '../../engine/actor-events.ts';
import type { Failure } from '../../ports/failure.ts';
import type { EffectAlphabet, WatchAlphabet } from './alphabet.ts';
import { usualFailures } from './alphabet.ts';
import type { Call, Running, Scene, Timer } from './scene.ts';
import { above } from './scene.ts';

/** One thing that may happen next, to the machine at that way. */
export type Move = { readonly way: string; readonly name: string; readonly event: EventObject } & (
  | { readonly kind: 'done'; readonly call: Call; readonly output: unknown }
  | {
      readonly kind: 'failed';
      readonly call: Call;
      readonly failure: Failure;
      /** By which the alphabet calls the failure. */
      readonly as: string;
    }
  /** The answer to a call that nobody waits for any more: it must change nothing. */
  | { readonly kind: 'late'; readonly call: Call; readonly output: unknown }
  /** `overdue`: it fell due while no process drove the run. */
  | { readonly kind: 'elapsed'; readonly timer: Timer; readonly overdue: boolean }
  | { readonly kind: 'told'; readonly call: Call }
  | { readonly kind: 'sent' }
);

/** Everything that the alphabets say of this moment, calls first. */
export function movesIn(scene: Scene): Move[] {
  return [...scene].flatMap(([way, running]) => {
    const { calls, part, snapshot, timers } = running;
    // What nobody takes leads nowhere, and an engine would not let it through.
    const sent = (part.letters.events ?? []).filter(
      (event) => hears(snapshot, event.type) && accepts(scene, way, event),
    );
    return [
      ...[...calls.values()].flatMap((call) => ofCall(way, running, call)),
      ...[...timers.values()].flatMap((timer) => ofTimer(way, snapshot, timer)),
      ...sent.map((event): Move => ({ kind: 'sent', way, event, name: eventName(event) })),
    ];
  });
}

/** The answers that come when it is too late: whatever the call would have said first. */
export function lateMove(scene: Scene, way: string, call: Call): Move | null {
  const running = scene.get(way);
  // A call of the same name is in flight again: a driver tells them apart by their keys.
  if (running === undefined || running.snapshot.status !== 'active' || running.calls.has(call.id))
    return null;
  const alphabet = running.part.letters.actors[call.src];
  if (alphabet === undefined || !('done' in alphabet)) return null;
  const [value] = Object.values(alphabet.done);
  const output = outputOf(value, call, running);
  const event = doneEvent(call.id, output);
  return { kind: 'late', way, call, output, event, name: `${call.id} late` };
}

function ofCall(way: string, running: Running, call: Call): Move[] {
  const alphabet = running.part.letters.actors[call.src];
  if (alphabet === undefined || 'child' in alphabet) return [];
  const answers =
    'done' in alphabet
      ? Object.entries(alphabet.done).map(([name, value]): Move => {
          const output = outputOf(value, call, running);
          const event = doneEvent(call.id, output);
          return { kind: 'done', way, call, output, event, name: `${call.id}: ${name}` };
        })
      : alphabet.sends
          .filter(({ type }) => hears(running.snapshot, type))
          .map((event): Move => ({ kind: 'told', way, call, event, name: eventName(event) }));
  return [...answers, ...failuresOf(way, call, alphabet)];
}

function outputOf(value: unknown, { input }: Call, { snapshot }: Running): unknown {
  return typeof value === 'function' ? value(input, snapshot.context) : value;
}

function failuresOf(way: string, call: Call, { fails }: EffectAlphabet | WatchAlphabet): Move[] {
  return Object.entries(fails ?? usualFailures).map(([as, failure]): Move => {
    const event = failedEvent(call.id, failure);
    return { kind: 'failed', way, call, failure, as, event, name: `${call.id} fails: ${as}` };
  });
}

/** The driver marks a timer that fell due while nobody drove; only some charts care. */
function ofTimer(way: string, snapshot: AnyMachineSnapshot, timer: Timer): Move[] {
  const delay = timer.id.split('.')[2] ?? timer.id;
  const onTime: Move = {
    kind: 'elapsed',
    way,
    timer,
    overdue: false,
    event: timer.event,
    name: `after ${delay}`,
  };
  const asks = snapshot._nodes.some(({ transitions }) =>
    transitions.get(timer.event.type)?.some(({ guard }) => guard !== undefined),
  );
  if (!asks) return [onTime];
  const event = { ...timer.event, late: true };
  return [onTime, { ...onTime, overdue: true, event, name: `after ${delay}, overdue` }];
}

/** As the engine has it: what a machine takes it passes on, so that one of its children must take it. */
function accepts(scene: Scene, way: string, event: EventObject): boolean {
  if (scene.get(way)?.snapshot.can(event) !== true) return false;
  const children = [...scene.keys()].filter((each) => each !== '' && above(each)[0] === way);
  return children.length === 0 || children.some((child) => accepts(scene, child, event));
}

/** Whether any active state has a word for it. */
function hears(snapshot: AnyMachineSnapshot, type: string): boolean {
  return snapshot._nodes.some((state) => hasWord(state, type));
}

/** Whether a state, or any in it, has a word for it. */
export function isHeardIn(state: AnyStateNode, type: string): boolean {
  return hasWord(state, type) || Object.values(state.states).some((each) => isHeardIn(each, type));
}

function hasWord({ transitions }: AnyStateNode, type: string): boolean {
  return transitions.has(type) || hasWildcard(transitions.keys(), type);
}

function hasWildcard(descriptors: Iterable<string>, type: string): boolean {
  for (const descriptor of descriptors)
    if (descriptor.endsWith('*') && type.startsWith(descriptor.slice(0, -1))) return true;
  return false;
}

/** The event's type, and what tells it from others of that type. */
function eventName({ type, ...more }: EventObject): string {
  const details = Object.entries(more).filter(([key]) => key !== 'atEpochMs');
  if (details.length === 0) return type;
  return `${type} ${details.map(([, value]) => (typeof value === 'string' ? value : JSON.stringify(value))).join(' ')}`;
}
