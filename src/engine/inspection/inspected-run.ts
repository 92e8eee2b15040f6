import type { AnyMachineSnapshot } from 'xstate';

import type { Command } from '../commands.ts';
import type { RegisteredMachine } from '../registry.ts';

/** An effect or a watch as plain XState has one: a promise or a callback. */
interface InspectedSlot {
  readonly kind: 'effect' | 'watch';
  readonly sessionId: string;
  readonly id: string;
  readonly parent: InspectedRun;
  readonly input: unknown;
  isOver: boolean;
}

export type InspectedActor = InspectedSlot | InspectedRun;

/** What a step does to other actors, with these in place of their names. */
export type Deed =
  | { readonly do: 'start' | 'stop'; readonly actor: InspectedActor }
  | { readonly do: 'send'; readonly to: InspectedRun; readonly event: string };

interface Origin {
  readonly sessionId: string;
  /** Of its invoke; that of its machine at the top. */
  readonly id: string;
  readonly machine: RegisteredMachine;
  readonly parent: InspectedRun | null;
  readonly input: unknown;
}

/** One run of one machine, as its journal tells it again. */
export class InspectedRun {
  readonly kind = 'run';
  readonly sessionId: string;
  readonly id: string;
  readonly machine: RegisteredMachine;
  readonly parent: InspectedRun | null;
  readonly input: unknown;
  readonly #actors = new Map<string, InspectedActor>();
  readonly #entries = new Map<string, number>();
  readonly #timers = new Map<string, string>();
  /** Types of what its parent has sent to it, and it has not taken yet. */
  readonly #sent: string[] = [];
  #snapshot: AnyMachineSnapshot | null = null;
  isOver = false;
  /** Its record is of a machine that stepped differently: only events are known from there on. */
  isParted = false;

  constructor({ id, input, machine, parent, sessionId }: Origin) {
    this.sessionId = sessionId;
    this.id = id;
    this.machine = machine;
    this.parent = parent;
    this.input = input;
  }

  get snapshot(): AnyMachineSnapshot {
    if (this.#snapshot === null) throw new Error(`run ${this.sessionId} has not begun`);
    return this.#snapshot;
  }

  set snapshot(snapshot: AnyMachineSnapshot) {
    this.#snapshot = snapshot;
  }

  /** The actor of a session, as long as it is invoked. */
  actorOf(sessionId: string | null): InspectedActor | null {
    for (const actor of this.#actors.values()) if (actor.sessionId === sessionId) return actor;
    return null;
  }

  /** Who sends an event that comes from no effect: a timer of its own, its parent, somebody outside. */
  senderOf(event: string): string | null {
    const timer = [...this.#timers].find(([, type]) => type === event)?.[0];
    if (timer !== undefined) {
      this.#timers.delete(timer);
      return this.sessionId;
    }
    const at = this.#sent.indexOf(event);
    if (at === -1) return null;
    this.#sent.splice(at, 1);
    return this.parent?.sessionId ?? null;
  }

  /** What a step's commands do; who is started is there from now on. */
  obey(commands: readonly Command[]): Deed[] {
    return commands.flatMap((command): Deed[] => {
      switch (command.do) {
        case 'startActor':
          return [{ do: 'start', actor: this.#start(command) }];
        case 'stopActor': {
          const actor = this.#actors.get(command.id);
          this.#actors.delete(command.id);
          return actor === undefined || actor.isOver ? [] : [{ do: 'stop', actor }];
        }
        case 'sendTo': {
          const to = this.#actors.get(command.actorId);
          return to?.kind === 'run' ? [{ do: 'send', to, event: command.event.type }] : [];
        }
        case 'armTimer':
          this.#timers.set(command.id, command.event.type);
          return [];
        case 'cancelTimer':
          this.#timers.delete(command.id);
          return [];
      }
    });
  }

  receive(event: string): void {
    this.#sent.push(event);
  }

  #start({ id, input, src }: Command & { do: 'startActor' }): InspectedActor {
    const entry = (this.#entries.get(id) ?? 0) + 1;
    this.#entries.set(id, entry);
    // The engine's own key of this entry, and the id of a child's run.
    const sessionId = `${this.sessionId}/${id}#${entry}`;
    const machine = this.machine.children[src];
    const kind = this.machine.slots[src]?.kind ?? 'effect';
    const actor =
      machine === undefined
        ? { kind, sessionId, id, parent: this, input, isOver: false }
        : new InspectedRun({ sessionId, id, machine, parent: this, input });
    this.#actors.set(id, actor);
    return actor;
  }
}
