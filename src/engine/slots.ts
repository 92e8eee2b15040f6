import type {
  AnyStateMachine,
  CallbackActorLogic,
  EventObject,
  InputFrom,
  PromiseActorLogic,
  StateMachine,
} from 'xstate';

import type { Clock } from '../ports/clock.ts';
import type { Log } from '../ports/log.ts';
import type { StreamProgress } from '../ports/observation.ts';
import type { LockRequest } from '../ports/run-store.ts';

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
  /**
   * For what it read and nobody else may read: goes on record, sealed, with the step that its output
   * makes, and gives the token that stands for it from then on. Left out where nothing is recorded.
   */
  readonly seal?: (secret: string) => string;
  /** It was in flight when an earlier process left: what it is about may have been done. */
  readonly resumed?: boolean;
}

export interface EffectSlot<Input, Output> {
  readonly kind: 'effect';
  readonly recovery: RecoveryClass;
  readonly run: (input: Input, tools: Tools) => Promise<Output>;
  /** Of class `adopt`: finds what goes on without us and follows it to its end, or tells its loss. */
  readonly adopt?: (input: Input, tools: Tools) => Promise<Output>;
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
export type ActorsOf<Machine> =
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
  adopt?(input: unknown, tools: Tools): Promise<unknown>;
}

export type SlotTable = Readonly<Record<string, AnySlot>>;

/** What the engine has to know of an input before a run of it may begin. */
export interface About {
  /** For a person: the domain's name or uuid. */
  readonly subject: string;
  /** All of them or none are held from before the first step to the end of the run. */
  readonly locks: readonly LockRequest[];
  /** Daemons that it burdens, by connection URI: so many runs at once as the engine's limits say. */
  readonly hosts: readonly string[];
  /**
   * Values of the input that nobody may read anywhere: the machine gets a token in place of each,
   * and what it stands for is put back just before an effect or a watch runs.
   */
  readonly secrets?: readonly string[];
}

/** A persisted snapshot of one version as the next one has it. Pure; throws what cannot be done. */
export type SnapshotUpgrade = (snapshot: unknown) => unknown;

/** What a machine needs beside its slots. */
export interface BindOptions<Input> {
  /** Asked with the input of a run that is to be started; a child machine is never asked. */
  readonly about?: (input: Input) => About;
  /** By the version that each makes: `'2'` turns a snapshot of version 1 into one of version 2. */
  readonly upgrades?: Readonly<Record<string, SnapshotUpgrade>>;
}

/** A machine with everything that fills its slots. */
export interface BoundMachine {
  readonly machine: AnyStateMachine;
  readonly slots: SlotTable;
  about?(input: unknown): About;
  readonly upgrades?: Readonly<Record<string, SnapshotUpgrade>>;
}

/** Puts a machine and its slots together; an incomplete or wrong table does not compile. */
export function bind<Machine extends AnyStateMachine>(
  machine: Machine,
  slots: SlotsOf<Machine>,
  options?: BindOptions<InputFrom<Machine>>,
): BoundMachine;
export function bind(
  machine: AnyStateMachine,
  slots: SlotTable,
  options: Omit<BoundMachine, 'machine' | 'slots'> = {},
): BoundMachine {
  return { machine, slots, ...options };
}
