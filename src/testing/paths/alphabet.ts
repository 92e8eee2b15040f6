import type {
  AnyStateMachine,
  CallbackActorLogic,
  ContextFrom,
  EventFromLogic,
  EventObject,
  InputFrom,
  MachineContext,
  PromiseActorLogic,
  StateMachine,
} from 'xstate';

import type { ActorsOf } from '../../engine/slots.ts';
import type { Failure } from '../../ports/failure.ts';

/** What an effect may answer, by a name that a person reads in a path. */
export interface EffectAlphabet<Input = unknown, Output = unknown> {
  /** Values, or functions of what the effect was asked and of what the machine knows. */
  readonly done: Readonly<
    Record<string, Output | ((input: Input, context: MachineContext) => Output)>
  >;
  /** Left out: {@link usualFailures}. */
  readonly fails?: Readonly<Record<string, Failure>>;
}

/** What a watch may tell, any of it at any moment at which it is heard. */
export interface WatchAlphabet<Sent extends EventObject = EventObject> {
  readonly sends: readonly Sent[];
  /** Left out: {@link usualFailures}. */
  readonly fails?: Readonly<Record<string, Failure>>;
}

/** A child machine that is walked together with its parent, which gives it its input. */
export interface ChildAlphabet<Child extends AnyStateMachine = AnyStateMachine> {
  readonly child: Omit<Alphabet<Child>, 'inputs' | 'except'>;
}

type AlphabetOf<Logic> =
  Logic extends PromiseActorLogic<infer Output, infer Input>
    ? EffectAlphabet<Input, Output>
    : Logic extends CallbackActorLogic<infer _Received, infer _Input, infer Sent>
      ? WatchAlphabet<Sent>
      : Logic extends AnyStateMachine
        ? EffectAlphabet<InputFrom<Logic>, OutputOf<Logic>> | ChildAlphabet<Logic>
        : never;

type OutputOf<Machine> =
  Machine extends StateMachine<
    infer _Context,
    infer _Event,
    infer _Children,
    infer _Actor,
    infer _Action,
    infer _Guard,
    infer _Delay,
    infer _Value,
    infer _Tag,
    infer _Input,
    infer Output,
    infer _Emitted,
    infer _Meta,
    infer _Schema
  >
    ? Output
    : never;

/**
 * All that may befall a machine, each thing once: few values, but one for each way that the chart
 * tells apart. Paths are made of these letters.
 */
export interface Alphabet<Machine extends AnyStateMachine = AnyStateMachine> {
  readonly inputs: Readonly<Record<string, InputFrom<Machine>>>;
  /** Leaving out a slot of the machine does not compile. */
  readonly actors: {
    readonly [Actor in ActorsOf<Machine> as Actor['src']]: AlphabetOf<Actor['logic']>;
  };
  /** What persons and services may send to it, at any moment. */
  readonly events?: readonly EventFromLogic<Machine>[];
  /**
   * What of the context tells two moments apart although no guard asks for it yet, as a counter does
   * that a guard asks for when it has come to three. Without it they count as one as long as possible.
   */
  traits?(context: ContextFrom<Machine>): readonly string[];
  /** States, transitions and failure pairs that no path can reach, by name, each with the reason. */
  readonly except?: Readonly<Record<string, string>>;
}

/** How any effect may fail: the world said no, or nobody knows what became of it. */
export const usualFailures = {
  refused: {
    code: 'libvirt.1',
    message: 'internal error: it was refused',
    effect: 'none',
    libvirt: { code: 1, domain: 10 },
  },
  unknown: { code: 'connectionLost', message: 'the reply is lost', effect: 'unknown' },
} as const satisfies Record<string, Failure>;

/** For effects that answer nothing. */
export const justDone: EffectAlphabet<unknown, void> = { done: { done: undefined } };

/** An alphabet with its types forgotten, as the search reads it. */
export interface Letters {
  readonly actors: Readonly<Record<string, EffectAlphabet | WatchAlphabet | ChildLetters>>;
  readonly events?: readonly EventObject[];
  traits?(context: MachineContext): readonly string[];
}

export interface ChildLetters {
  readonly child: Letters;
}

/** Checks an alphabet against the types of its machine; gives it back as it is. */
export function alphabetOf<Machine extends AnyStateMachine>(
  _machine: Machine,
  alphabet: Alphabet<Machine>,
): Alphabet<Machine> {
  return alphabet;
}
