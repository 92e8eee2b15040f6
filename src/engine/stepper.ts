import type {
  AnyActorLogic,
  AnyActorRef,
  AnyMachineSnapshot,
  AnyStateMachine,
  AnyStateNode,
  AnyTransitionDefinition,
  EventObject,
  StateValue,
} from 'xstate';
import { createActor } from 'xstate';

import type { Command } from './commands.ts';
import { toCommands } from './commands.ts';

/** A machine's snapshot as it stands on record: JSON, each effect in flight with its `src` and input. */
export interface PersistedSnapshot {
  readonly status: 'active' | 'done' | 'error' | 'stopped';
  readonly value: StateValue;
  readonly children: Readonly<
    Record<string, { readonly src: string; readonly snapshot: ActorState }>
  >;
  readonly [part: string]: unknown;
}

/** Of an effect, a watch or a child machine, as the inert actor in its place keeps it. */
interface ActorState {
  readonly status: string;
  readonly input?: unknown;
}

export interface RestorableSnapshot extends Pick<PersistedSnapshot, 'value' | 'children'> {
  readonly context: Readonly<Record<string, unknown>>;
}

/** What one event does to a machine. Nothing of it has run. */
export interface Step {
  readonly snapshot: AnyMachineSnapshot;
  /** Every snapshot on the way, the last one included: a chain of eventless steps has several. */
  readonly path: readonly AnyMachineSnapshot[];
  /** What was taken on the way, in order. */
  readonly transitions: readonly AnyTransitionDefinition[];
  readonly commands: readonly Command[];
}

/**
 * Stands in for every actor while a machine is stepped: it does nothing, and its snapshot keeps the
 * input, so that the machine's own snapshot holds each effect in flight with its `src` and input.
 */
const inert: AnyActorLogic = {
  transition: (snapshot: unknown) => snapshot,
  getInitialSnapshot: (_, input: unknown) => ({
    status: 'active',
    output: undefined,
    error: undefined,
    input,
  }),
  getPersistedSnapshot: (snapshot) => snapshot,
  restoreSnapshot: (snapshot: unknown) => snapshot,
};

const nothing = (): void => undefined;

/**
 * XState's pure side: next snapshot and what to do, for one machine. Uses the machine's own methods
 * with an inert scope; the exported `transition()` builds a whole actor for each step.
 */
export class Stepper {
  readonly machine: AnyStateMachine;
  readonly #inertMachine: AnyStateMachine;
  readonly #scope: Parameters<AnyStateMachine['transition']>[2];
  #path: AnyMachineSnapshot[] = [];
  #transitions: AnyTransitionDefinition[] = [];
  #actions: unknown[] = [];
  /** Actors that are over although their state is still active. */
  readonly #ended = new WeakSet<object>();

  constructor(machine: AnyStateMachine) {
    this.machine = machine;
    const slots = Object.keys(machine.implementations.actors);
    this.#inertMachine = machine.provide({
      actors: Object.fromEntries(slots.map((slot) => [slot, inert])),
    });
    const self = createActor(inert, {
      inspect: (inspected) => {
        if (inspected.type !== '@xstate.microstep') return;
        const { snapshot, _transitions: transitions } = inspected;
        if (!isMachineSnapshot(snapshot)) return;
        this.#path.push(snapshot);
        this.#transitions.push(...transitions);
      },
    });
    this.#scope = {
      self,
      id: '',
      sessionId: '',
      logger: nothing,
      defer: nothing,
      emit: nothing,
      stopChild: nothing,
      system: self.system,
      actionExecutor: (action) => void this.#actions.push(action),
    };
  }

  /** Of the machine as it is stepped: the states of snapshots and transitions are these. */
  get root(): AnyStateNode {
    return this.#inertMachine.root;
  }

  start(input: unknown): Step {
    return this.#collect(() => this.#inertMachine.getInitialSnapshot(this.#scope, input));
  }

  /** @throws what a guard or an assignment of the machine throws: a bug of the machine */
  next(snapshot: AnyMachineSnapshot, event: EventObject): Step {
    const actorId = /^xstate\.(?:done|error)\.actor\.(.+)$/.exec(event.type)?.[1] ?? '';
    const actor: object | undefined = snapshot.children[actorId];
    if (actor !== undefined) this.#ended.add(actor);
    return this.#collect(() => this.#inertMachine.transition(snapshot, event, this.#scope));
  }

  /**
   * As XState's `getPersistedSnapshot` has it, without its search for actors in the context: charts
   * keep JSON there, and it is a tenth of a step. An actor that is over is marked, so that it is not
   * taken for one in flight.
   */
  persist(snapshot: AnyMachineSnapshot): PersistedSnapshot {
    const { status, value, context, output, error } = snapshot;
    const actors: readonly (readonly [string, AnyActorRef | undefined])[] = Object.entries(
      snapshot.children,
    );
    const children = actors.flatMap(([id, actor]) => {
      if (actor === undefined) return [];
      const of: ActorState = Object(actor.getPersistedSnapshot());
      const state = this.#ended.has(actor) ? { ...of, status: 'done' } : of;
      // Charts name what they invoke: an inline actor could not be restored.
      if (typeof actor.src !== 'string') throw new Error(`${id} has no named src`);
      return [[id, { src: actor.src, snapshot: state }] as const];
    });
    const history: Readonly<Record<string, readonly AnyStateNode[]>> = snapshot.historyValue;
    const historyValue = Object.entries(history).map(([id, states]) => [
      id,
      states.map((state) => ({ id: state.id })),
    ]);
    return {
      status,
      value,
      context,
      output,
      error,
      children: Object.fromEntries(children),
      historyValue: Object.fromEntries(historyValue),
    };
  }

  /**
   * A stored snapshot of an unfinished run as it was. What does not fit the machine is dropped in silence or completed, so
   * it is judged before (see `misfits`).
   */
  restore(persisted: RestorableSnapshot): AnyMachineSnapshot {
    // Nor is the context searched for actors here: that is a third of the whole.
    const { context, ...rest } = persisted;
    const active = { status: 'active', output: undefined, error: undefined, context: {} } as const;
    const restored = this.#inertMachine.restoreSnapshot({ ...rest, ...active }, this.#scope);
    const snapshot = Object.assign(restored, { context });
    for (const [id, child] of Object.entries(persisted.children)) {
      const actor: object | undefined = snapshot.children[id];
      if (actor !== undefined && child.snapshot.status === 'done') this.#ended.add(actor);
    }
    return snapshot;
  }

  #collect(step: () => AnyMachineSnapshot): Step {
    this.#path = [];
    this.#transitions = [];
    this.#actions = [];
    const snapshot = step();
    const path = this.#path.at(-1) === snapshot ? this.#path : [...this.#path, snapshot];
    const transitions = this.#transitions;
    return { snapshot, path, transitions, commands: toCommands(this.#actions) };
  }
}

function isMachineSnapshot(snapshot: object): snapshot is AnyMachineSnapshot {
  return 'value' in snapshot && 'machine' in snapshot;
}
