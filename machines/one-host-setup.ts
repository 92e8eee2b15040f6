import type { EventObject } from 'xstate';
import { assign } from 'xstate';

import type { ClaimAnswer, ClaimRequest, ReleaseAnswer, ReleaseRequest } from './policy/claims.ts';
import { claimedFailure, unclaimableFailure } from './policy/claims.ts';
import { readFailure } from './policy/failures.ts';
import { isLate } from './policy/late-timers.ts';
import type {
  Ending,
  OneHostContext,
  OneHostFacts,
  OneHostInput,
} from './policy/one-host/one-host.ts';
import {
  afterClaim,
  afterRelease,
  claimIs,
  expectClaim,
  foundDomain,
  holdsClaim,
  mayComeYet,
} from './policy/one-host/one-host.ts';
import { refusalOf } from './policy/one-host/checks.ts';
import type { CheckVerdict } from './policy/verdicts.ts';
import { effectSlot } from './slots.ts';

/** An action that changes the context of one kind of machine, and nothing else. */
export const changesOf =
  <Context extends OneHostContext, Event extends EventObject>() =>
  <Params>(change: (context: Context, params: Params) => Partial<Context>) =>
    assign<Context, Event, Params, Event, never>(({ context }, params) => change(context, params));

export interface OneHostWorkflow<Context> {
  /** All checks of the workflow, judged with what was found out. */
  readonly verdicts: (context: Context) => readonly CheckVerdict[];
  /** As a person calls it, for instance `the snapshot`. */
  readonly what: string;
}

/**
 * What every chart of a workflow on one host speaks of: the names that the states of
 * `regions/one-host-frame.ts` use. A machine's own `setup` spreads these and adds its own.
 */
export function oneHostParts<
  Facts extends OneHostFacts,
  Input extends OneHostInput,
  Context extends OneHostContext<Facts>,
  Event extends EventObject,
>({ verdicts, what }: OneHostWorkflow<Context>) {
  // What the frame changes every context has.
  const changes = <Params>(
    change: (context: Context, params: Params) => Partial<OneHostContext<Facts>>,
  ) =>
    assign<Context, Event, Params, Event, never>(
      ({ context }, params) => change(context, params) as Partial<Context>,
    );
  return {
    actors: {
      gatherFacts: effectSlot<Facts, Input>('gatherFacts'),
      claimDomain: effectSlot<ClaimAnswer, ClaimRequest>('claimDomain'),
      releaseClaims: effectSlot<ReleaseAnswer, ReleaseRequest>('releaseClaims'),
    },
    actions: {
      noteFacts: changes((_, params: { facts: Facts }) => ({ facts: params.facts })),
      /** The first cause stays: what fails on the way back is told by the artefacts that are left. */
      recordFailure: changes(({ failure }, { error }: { error: unknown }) => ({
        failure: failure ?? readFailure(error),
      })),
      recordAbort: changes(({ failure }) => ({
        failure: failure ?? {
          code: 'abortRequested',
          message: `${what} was aborted by request`,
          effect: 'none',
        },
      })),
      recordRefusal: changes((context) => ({ failure: refusalOf(verdicts(context)) })),
      expectClaim: changes(expectClaim),
      noteClaim: changes((context, answer: ClaimAnswer) => afterClaim(context, answer)),
      /** It stands, but not to be used: this is what it is taken away by. */
      noteClaimant: changes((_, { claim }: ClaimAnswer) => ({ claim })),
      recordRivals: changes((context, answer: ClaimAnswer) => ({
        failure: claimedFailure(foundDomain(context).name, answer),
      })),
      recordUnclaimable: changes((context, { error }: { error: unknown }) => ({
        failure: unclaimableFailure(foundDomain(context).name, error),
      })),
      noteEnding: changes((_, { ending }: { ending: Ending }) => ({ ending })),
      recordReleased: changes((context, answer: ReleaseAnswer) => afterRelease(context, answer)),
      recordClaimsLeft: changes((context) => claimIs(context, 'left')),
    },
    guards: {
      isLate,
      objects: ({ context }: { context: Context }, params: { check: string }) =>
        verdicts(context).some(
          ({ check, objection }) => check === params.check && objection !== null,
        ),
      isAborted: ({ context }: { context: Context }) => context.failure?.code === 'abortRequested',
      hasRivals: (_: unknown, { others }: ClaimAnswer) => others.length > 0,
      holdsClaim: ({ context }: { context: Context }) => holdsClaim(context),
      endsIn: ({ context }: { context: Context }, params: { ending: Ending }) =>
        context.ending === params.ending,
    },
    /** Of charts with the state `hearing`. */
    hearing: {
      actions: { noteHeard: changes(() => ({ heard: true })) },
      guards: {
        mayComeYet: ({ context }: { context: Context }) => mayComeYet(context),
      },
      /** A daemon reads what a closed connection still holds within milliseconds. */
      delays: { unheard: 2000 },
    },
    delays: {
      askAgain: 1000,
      claimWait: ({ context }: { context: Context }) => Math.min(context.peerWaitMs, 5_000),
    },
  };
}
