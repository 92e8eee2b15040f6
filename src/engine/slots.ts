import type {
  AnyStateMachine,
  CallbackActorLogic,
  EventObject,
  PromiseActorLogic,
  StateMachine,
} from 'xstate';

import type { Clock } from '../ports/clock.ts';
import type { Log } from '../ports/log.ts';
import type { StreamProgress } from '../ports/observation.ts';

/**
 * What becomes of an effect that was in flight when the process died. `rerun`: it looks before it
 * acts, so it is done again. `adopt`: the remote job went on without us; it is found and followed.
 * `unknown`: it was bound to a connection that died with us, or allowed by a look that is stale by
 * then; the chart is told so and looks.
 */
export type RecoveryClass = 'rerun' | 'adopt' | 'unknown';

/** What an effect or a watch gets beside its input. */
export interface Tools {
  /** Aborted when the state is left. The remote job goes on: stopping it is a state of its own. */
  readonly signal: AbortSignal;
  /** Run, invoke id and entry count: the same for a repetition of the same effect. */
  readonly key: string;
  readonly clock: Clock;
  /** Byte progress: shown and stored, never an event of the machine. */
  readonly report: (streams: readonly StreamProgress[]) => void;
  readonly log: Log;
}

export interface EffectSlot<Input, Output> {
  readonly kind: 'effect';
  readonly recovery: RecoveryClass;
  readonly run: (input: Input, tools: Tools) => Promise<Output>;
}

/** Subscribes first, then reads and sends the present state; ends when the signal is aborted. */
export interface WatchSlot<Input, Sent> {
  readonly kind: 'watch';
  readonly run: (input: Input, tools: Tools & { send: (event: Sent) => void }) => Promise<void>;
}

type SlotOf<Logic> =
  Logic extends PromiseActorLogic<infer Output, infer Input>
    ? EffectSlot<Input, Output>
    : Logic extends CallbackActorLogic<infer _Received, infer Input, infer Sent>
      ? WatchSlot<Input, Sent>
      : never;

/** The actors that a machine names, from its type. */
type ActorsOf<Machine> =
  Machine extends StateMachine<
    infer _Context,
    infer _Event,
    infer _Children,
    infer Actor,
    infer _Action,
    infer _Guard,
    infer _Delay,
    infer _Value,
    infer _Tag,
    infer _Input,
    infer _Output,
    infer _Emitted,
    infer _Meta,
    infer _Schema
  >
    ? Actor
    : never;

/** Every slot of a machine, by name: leaving one out does not compile. */
export type SlotsOf<Machine> = {
  [
    Actor in ActorsOf<Machine> as SlotOf<Actor['logic']> extends never ? never : Actor['src']
  ]: SlotOf<Actor['logic']>;
};

/** A slot without its types, as the driver runs it: input, output and events are JSON there. */
export interface AnySlot {
  readonly kind: 'effect' | 'watch';
  readonly recovery?: RecoveryClass;
  run(input: unknown, tools: Tools & { send: (event: EventObject) => void }): Promise<unknown>;
}

export type SlotTable = Readonly<Record<string, AnySlot>>;

/** A machine with everything that fills its slots. */
export interface BoundMachine {
  readonly machine: AnyStateMachine;
  readonly slots: SlotTable;
}

/** Puts a machine and its slots together; an incomplete or wrong table does not compile. */
export function bind<Machine extends AnyStateMachine>(
  machine: Machine,
  slots: SlotsOf<Machine>,
): BoundMachine;
export function bind(machine: AnyStateMachine, slots: SlotTable): BoundMachine {
  return { machine, slots };
}
