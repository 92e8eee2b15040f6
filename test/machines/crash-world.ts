import type { RecoveryClass, SlotTable } from '../../src/engine/slots.ts';
import type { Failure } from '../../src/ports/failure.ts';
import type { DestinationHolding, SourceHolding } from './hosts.ts';
import { look } from './hosts.ts';
import type { Held } from './offline.ts';
import { held } from './offline.ts';
import { connectionLost, operationFailed } from './protocol.ts';
import type { Walk } from './walk.ts';

/** Which of what comes back after a crash comes first; nothing promises an order. */
export const orders = ['timers', 'failures', 'watches'] as const;
export type Order = (typeof orders)[number];

/** What both hosts hold when we come back. */
export type Holdings = readonly [source: SourceHolding, destination: DestinationHolding];

const interrupted: Failure = {
  code: 'interrupted',
  message: 'the process that drove the run died',
  effect: 'unknown',
};
const noJob: Failure = { code: 'noJob', message: 'no migration', effect: 'none' };

/** What answers after the crash, and how what is asked for changes it. */
export interface World {
  readonly look: () => object;
  readonly act: (slot: string) => void;
}

/** Two hosts, of which one may run the guest. */
export function liveWorld([source, destination]: Holdings): World {
  const now = { source, destination };
  const busy = ['busy', 'runningWithJob', 'inPostcopy'];
  return {
    look: () => look(now.source, now.destination),
    act: (slot) => {
      if (slot === 'resumeSource' && now.source === 'paused') now.source = 'running';
      if (slot === 'suspendSource' && now.source === 'running') now.source = 'paused';
      if (slot === 'destroySource' && now.source !== 'unreachable') now.source = 'shutoff';
      if (slot === 'destroyIncoming' && now.destination === 'incoming') now.destination = 'absent';
      // The daemon has ended its job by then, as it thinks right.
      if (slot === 'followMigration' && busy.includes(now.source)) {
        now.source = now.destination === 'inPostcopy' ? 'shutoff' : 'running';
        now.destination = now.destination === 'inPostcopy' ? 'running' : 'absent';
      }
    },
  };
}

/** Two hosts, of which none runs it. */
export function offlineWorld(source: Held, destination: Held): World {
  const now = { destination };
  return {
    look: () => held(source, now.destination),
    act: (slot) => {
      if (slot === 'forgetHalfMoved' && now.destination === 'half') now.destination = 'nothing';
    },
  };
}

/** Lets our process die, and the next one take the run up: what it is told then, in that order. */
export function crash(walk: Walk, slots: SlotTable, first: Order): void {
  const told = {
    timers: () => fireOverdue(walk),
    failures: () => failInFlight(walk, slots),
    watches: () => resumeWatches(walk),
  };
  told[first]();
  for (const order of orders) if (order !== first) told[order]();
}

/** It took long: whatever was waited for is overdue. */
function fireOverdue(walk: Walk): void {
  const overdue = [...walk.timers.values()].toSorted((a, b) => a.delayMs - b.delayMs);
  for (const { id, event } of overdue) {
    if (!walk.timers.delete(id)) continue;
    walk.send(Object.assign({ ...event }, { late: true }));
  }
}

function failInFlight(walk: Walk, slots: SlotTable): void {
  for (const { id, src } of Array.from(walk.inFlight.values())) {
    const recovery: RecoveryClass | undefined = slots[src]?.recovery;
    if (recovery === 'rerun' || recovery === undefined) continue;
    if (walk.inFlight.has(id)) walk.fail(id, interrupted);
  }
}

function resumeWatches(walk: Walk): void {
  for (const { id, src } of Array.from(walk.inFlight.values())) {
    if (!walk.inFlight.has(id)) continue;
    if (src === 'watchSource') walk.see('source.connection.lost');
    if (src === 'watchDestination') walk.see('destination.connection.lost');
    if (src === 'holdLink') walk.fail(id, connectionLost);
  }
}

/** How many steps a run may take to its end once we are back. */
const patience = 200;

/**
 * Answers whatever is asked as the world has it; where nothing is asked, the next timer fires. Stops
 * at the end of the run. @returns how often both hosts were looked at
 */
export function settle(walk: Walk, world: World): number {
  let looks = 0;
  const timers = new Timers();
  for (let step = 0; step < patience && walk.snapshot.status === 'active'; step += 1) {
    const asked = [...walk.inFlight.values()].find(
      ({ src }) => !isWatch(src) || src === 'holdLink',
    );
    timers.note(walk);
    if (asked === undefined) timers.fireNext(walk);
    else if (asked.src === 'inspectPeers') {
      looks += 1;
      walk.done(asked.id, world.look());
    } else answer(walk, world, asked);
  }
  return looks;
}

const isWatch = (src: string): boolean => src.startsWith('watch') || src === 'holdLink';

/** No daemon takes anything up any more: only what ends a copy, or lets it run, still works. */
function answer(walk: Walk, world: World, { id, src }: { id: string; src: string }): void {
  world.act(src);
  switch (src) {
    case 'resumeSource':
    case 'suspendSource':
    case 'destroySource':
    case 'destroyIncoming':
    case 'forgetHalfMoved':
    case 'abortJob':
    case 'compareCopies':
    case 'followMigration':
      walk.done(id, { atEpochMs: 2_000 });
      return;
    case 'setMaxDowntime':
    case 'setBandwidth':
    case 'startPostcopy':
      walk.fail(id, noJob);
      return;
    case 'performMigration':
      walk.fail(id, operationFailed);
      return;
    default:
      walk.fail(id, connectionLost);
  }
}

/** Fires timers in the order in which they are due. */
class Timers {
  readonly #dueMs = new Map<object, number>();
  #nowMs = 0;

  note(walk: Walk): void {
    for (const timer of walk.timers.values())
      if (!this.#dueMs.has(timer)) this.#dueMs.set(timer, this.#nowMs + timer.delayMs);
  }

  fireNext(walk: Walk): void {
    const due = (timer: object): number => this.#dueMs.get(timer) ?? Infinity;
    const next = [...walk.timers.values()].toSorted((a, b) => due(a) - due(b))[0];
    if (next === undefined) throw new Error(`a dead end: ${walk.states().join(', ')}`);
    this.#nowMs = due(next);
    walk.timers.delete(next.id);
    walk.send(next.event);
  }
}
