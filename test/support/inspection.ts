import { createWebSocketInspector } from '@statelyai/inspect';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import type { AnyActorRef, AnyStateMachine, EventObject, InspectionEvent } from 'xstate';
import { createActor, fromCallback, fromPromise, StateMachine } from 'xstate';
import { WebSocketServer } from 'ws';

import { InspectedFamily } from '../../src/engine/inspection/inspected-family.ts';
import { registerMachines } from '../../src/engine/registry.ts';
import type { BoundMachine } from '../../src/engine/slots.ts';
import { connectInspector } from '../../src/inspection/inspection-socket.ts';
import { noLog } from '../../src/ports/log.ts';
import type { JournalRow } from '../../src/ports/run-store.ts';

export interface Received {
  readonly type: string;
  readonly sessionId: string;
  readonly [field: string]: unknown;
}

/** Somebody who inspects: all that one connection sends, until it is closed. */
export async function receiver() {
  const { port, server } = await listen(0);
  return { ...follow(server), url: urlOf(port) };
}

/** The same, who is there only when he is called. */
export async function lateReceiver() {
  const { port, server } = await listen(0);
  server.close();
  await once(server, 'close');
  return {
    url: urlOf(port),
    come: async () => follow((await listen(port)).server),
  };
}

const urlOf = (port: number): string => `ws://127.0.0.1:${port}`;

async function listen(port: number) {
  const server = new WebSocketServer({ host: '127.0.0.1', port });
  await once(server, 'listening');
  const address: Partial<AddressInfo> = Object(server.address());
  return { server, port: address.port ?? 0 };
}

function follow(server: WebSocketServer) {
  const messages: Received[] = [];
  const over = Promise.withResolvers<readonly Received[]>();
  const met = Promise.withResolvers<void>();
  server.on('connection', (socket) => {
    met.resolve();
    socket.on('message', (data) => {
      if (Buffer.isBuffer(data)) messages.push(JSON.parse(data.toString()));
    });
    socket.on('close', () => {
      server.close();
      over.resolve(messages);
    });
  });
  return { met: met.promise, all: over.promise };
}

/** What is told of a journal, over the wire. */
export async function tellJournal(
  bound: readonly BoundMachine[],
  root: string,
  rows: readonly JournalRow[],
): Promise<readonly Received[]> {
  const machine = registerMachines(bound).get(root);
  const [first] = rows;
  if (machine === undefined || first === undefined) throw new Error('nothing to tell');
  const family = new InspectedFamily(first.runId, machine);
  const { all, url } = await receiver();
  const socket = connectInspector(url, noLog);
  for (const row of rows) family.take(row).forEach((message) => socket.inspect(message));
  await socket.close();
  return all;
}

/** Promises first, then the package's own timers, in which it sends: all has gone out then. */
async function turn(): Promise<void> {
  await new Promise((resolve) => {
    setImmediate(resolve);
  });
  await new Promise((resolve) => {
    setTimeout(resolve, 0);
  });
}

/**
 * A plain `createActor` run of the same machine to which the same happens, as the package tells it over the wire, with the
 * names that the journal has for its sessions.
 */
export async function tellPlain(
  bound: readonly BoundMachine[],
  root: string,
  rows: readonly JournalRow[],
): Promise<readonly Received[]> {
  const [first, ...rest] = rows;
  const of = bound.find(({ machine }) => machine.id === root);
  if (of === undefined || first === undefined) throw new Error('nothing to play');
  const { all, met, url } = await receiver();
  const inspector = createWebSocketInspector({ url });
  await met;
  const play = new Play(first.runId);
  const actor = createActor(play.provided(bound, of), {
    input: first.event['input'],
    clock: play.clock,
    inspect: (event) => {
      play.name(event);
      inspector.inspect.next?.(event);
    },
  });
  play.now = first.atEpochMs;
  actor.start();
  await turn();
  const children = new Set(rows.map(({ runId }) => runId));
  for (const row of rest) {
    play.now = row.atEpochMs;
    play.take(row, children, actor);
    await turn();
  }
  inspector.stop();
  return (await all).map((message) => play.named(message));
}

type PlayedSlot =
  | { readonly kind: 'watch'; readonly send: (event: EventObject) => void }
  | {
      readonly kind: 'effect';
      readonly resolve: (output: unknown) => void;
      readonly reject: (error: unknown) => void;
    };

interface Alarm {
  readonly id: number;
  readonly dueAt: number;
  readonly fire: () => void;
}

/** Effects, watches and timers of a plain run, moved by hand. */
class Play {
  now = 0;
  readonly #rootId: string;
  readonly #keys = new Map<string, string>();
  readonly #entries = new Map<string, number>();
  readonly #slots = new Map<string, PlayedSlot>();
  readonly #alarms: Alarm[] = [];
  #alarmIds = 0;

  constructor(rootId: string) {
    this.#rootId = rootId;
  }

  readonly clock = {
    setTimeout: (fire: (...words: unknown[]) => void, delayMs: number): number => {
      const id = (this.#alarmIds += 1);
      this.#alarms.push({ id, dueAt: this.now + delayMs, fire });
      this.#alarms.sort((one, other) => one.dueAt - other.dueAt || one.id - other.id);
      return id;
    },
    clearTimeout: (id: number): void => {
      const at = this.#alarms.findIndex((alarm) => alarm.id === id);
      if (at !== -1) this.#alarms.splice(at, 1);
    },
  };

  /** The same machine with slots that do what they are told. */
  provided(bound: readonly BoundMachine[], { machine, slots }: BoundMachine): AnyStateMachine {
    const actors = Object.entries(machine.implementations.actors).map(([src, logic]) => {
      if (!(logic instanceof StateMachine)) return [src, this.#logicOf(slots[src]?.kind)] as const;
      const child = bound.find((one) => one.machine.id === logic.id);
      if (child === undefined) throw new Error(`no machine ${logic.id}`);
      return [src, this.provided(bound, child)] as const;
    });
    return machine.provide({ actors: Object.fromEntries(actors) });
  }

  #logicOf(kind: 'effect' | 'watch' | undefined) {
    if (kind === 'watch')
      return fromCallback(({ self, sendBack }) => {
        this.#slots.set(this.#keyOf(self), { kind: 'watch', send: sendBack });
      });
    return fromPromise(({ self }) => {
      const { promise, reject, resolve } = Promise.withResolvers<unknown>();
      this.#slots.set(this.#keyOf(self), { kind: 'effect', resolve, reject });
      return promise;
    });
  }

  /** An actor has its key when it is started, as with the engine. */
  name(event: InspectionEvent): void {
    if (event.type !== '@xstate.event' || event.event.type !== 'xstate.init') return;
    const { id, sessionId }: AnyActorRef = Object(event.actorRef);
    const parent: AnyActorRef | undefined = event.sourceRef ? Object(event.sourceRef) : undefined;
    if (parent === undefined) {
      this.#keys.set(sessionId, this.#rootId);
      return;
    }
    const path = `${this.#keyOf(parent)}/${id}`;
    const entry = (this.#entries.get(path) ?? 0) + 1;
    this.#entries.set(path, entry);
    this.#keys.set(sessionId, `${path}#${entry}`);
  }

  #keyOf({ sessionId }: { readonly sessionId: string }): string {
    return this.#keys.get(sessionId) ?? `unstarted ${sessionId}`;
  }

  take(row: JournalRow, runs: ReadonlySet<string>, actor: AnyActorRef): void {
    const { effectKey, event, runId } = row;
    // A child machine begins and ends by itself, and takes what its parent sends.
    if (event.type === 'xstate.init' || (effectKey !== null && runs.has(effectKey))) return;
    if (effectKey !== null) {
      this.#move(effectKey, event);
    } else if (event.type.startsWith('xstate.after.')) {
      const alarm = this.#alarms.shift();
      if (alarm === undefined || alarm.dueAt > this.now) throw new Error(`no alarm: ${event.type}`);
      alarm.fire();
    } else if (runId === this.#rootId) {
      actor.send(event);
    }
  }

  #move(key: string, event: JournalRow['event']): void {
    const slot = this.#slots.get(key);
    if (slot === undefined) throw new Error(`nothing is under way as ${key}`);
    if (slot.kind === 'watch') slot.send(event);
    else if (event.type.startsWith('xstate.done.actor.')) slot.resolve(event['output']);
    else slot.reject(event['error']);
  }

  /** With the journal's names in place of XState's own. */
  named(message: Received): Received {
    const names = ['rootId', 'sessionId', 'parentId', 'sourceId'].flatMap((field) => {
      const session = message[field];
      return typeof session === 'string' ? [[field, this.#keyOf({ sessionId: session })]] : [];
    });
    return { ...message, ...Object.fromEntries(names) };
  }
}
