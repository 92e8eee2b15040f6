import type { ClaimAnswer, ReleaseAnswer } from '../policy/claims.ts';
import type { Ending, OneHostContext } from '../policy/one-host/one-host.ts';
import { claimRequest, operatorResult, releaseRequest } from '../policy/one-host/one-host.ts';
import { errorOf } from './event-params.ts';

type Claimed = { readonly event: { readonly output: ClaimAnswer } };
type Released = { readonly event: { readonly output: ReleaseAnswer } };

const claimOf = ({ event }: Claimed) => event.output;
const answerOf = ({ event }: Released) => event.output;

/** For the states of a workflow: what an effect rejected with, on record. */
export const recordsFailure = { type: 'recordFailure', params: errorOf } as const;
/** The last thing before `#releasing`: how the run ends when its claim is gone. */
export const noteEnding = (ending: Ending) => ({ type: 'noteEnding', params: { ending } }) as const;
const endsIn = (ending: Ending) => ({ type: 'endsIn', params: { ending } }) as const;

/** The first state: everything that the checks judge is read. `factsOf` only names the event's output. */
export const gathering = <Input, Facts>(input: Input, call: string) =>
  ({
    description: 'The host is asked for everything that the checks judge; nothing is touched.',
    tags: ['abortable'],
    meta: { call },
    on: { 'abort.requested': { target: '#rolledBack', actions: 'recordAbort' } },
    invoke: {
      id: 'gather',
      src: 'gatherFacts',
      input,
      onDone: {
        target: 'checking',
        actions: {
          type: 'noteFacts',
          params: ({ event }: { event: { output: Facts } }) => ({ facts: event.output }),
        },
      },
      onError: { target: '#refused', actions: recordsFailure },
    },
  }) as const;

/** Every check is a guard of its own; one objection is enough. */
export const checking = (checks: readonly string[]) =>
  ({
    description: 'Every check is a guard of its own; one objection is enough.',
    always: [
      ...checks.map(
        (check) =>
          ({
            guard: { type: 'objects', params: { check } },
            target: '#refused',
            actions: 'recordRefusal',
          }) as const,
      ),
      { target: 'claiming', actions: 'expectClaim' },
    ],
  }) as const;

/** The domain becomes ours, or is left alone; then the workflow's own states, from `#working` on. */
export const claiming = {
  description: 'Runs of other engines, which have other records, keep off a domain with a claim.',
  tags: ['abortable'],
  meta: { call: 'virDomainSetMetadata', source: 'docs/claims.md' },
  // A claim that is under way would outrun its own removal: its answer is waited for.
  on: { 'abort.requested': { actions: 'recordAbort' } },
  invoke: {
    id: 'claim',
    src: 'claimDomain',
    input: claimRequest,
    onDone: [
      {
        guard: 'isAborted',
        target: '#releasing',
        actions: [{ type: 'noteClaimant', params: claimOf }, noteEnding('rolledBack')],
      },
      {
        guard: { type: 'hasRivals', params: claimOf },
        target: '#releasing',
        actions: [
          { type: 'noteClaimant', params: claimOf },
          { type: 'recordRivals', params: claimOf },
          noteEnding('refused'),
        ],
      },
      { target: '#working', actions: { type: 'noteClaim', params: claimOf } },
    ],
    onError: [
      { guard: 'isAborted', target: '#releasing', actions: noteEnding('rolledBack') },
      {
        target: '#releasing',
        actions: [{ type: 'recordUnclaimable', params: errorOf }, noteEnding('refused')],
      },
    ],
  },
} as const;

/**
 * Between two looks that saw nothing of a call whose answer was lost: whoever believed the first would
 * leave the domain to others while the call is done after all.
 */
export const hearing = <Look extends string>(look: Look) =>
  ({
    description: 'Nothing came of a call whose answer was lost, or not yet: it is looked again.',
    after: { unheard: { target: look, actions: 'noteHeard' } },
  }) as const;

/** The last thing that a run does: others may have the domain. */
export const releasing = {
  id: 'releasing',
  description: 'All is done but for the claim: it is taken from the domain.',
  initial: 'asking',
  after: {
    claimWait: [
      { guard: 'isLate', target: '#releasing', reenter: true },
      { target: '#released', actions: 'recordClaimsLeft' },
    ],
  },
  states: {
    asking: {
      description: 'The host is asked to take the claim away.',
      meta: { call: 'virDomainSetMetadata' },
      invoke: {
        id: 'release',
        src: 'releaseClaims',
        input: releaseRequest,
        onDone: { target: 'deciding', actions: { type: 'recordReleased', params: answerOf } },
        onError: 'waiting',
      },
    },
    deciding: {
      description: 'A host that did not answer is asked again.',
      always: [{ guard: 'holdsClaim', target: 'waiting' }, { target: '#released' }],
    },
    waiting: {
      description: 'The host does not answer; what is left there then is told.',
      after: { askAgain: 'asking' },
    },
  },
} as const;

export const released = {
  id: 'released',
  description: 'The domain is free for others, or what is left of the claim is told.',
  always: [
    { guard: endsIn('completed'), target: '#completed' },
    { guard: endsIn('refused'), target: '#refused' },
    { target: '#rolledBack' },
  ],
} as const;

/** A final state, with what the run has come to. */
export const ended = <Context, Result extends object>(
  outcome: Ending,
  description: string,
  resultOf: (context: Context) => Result,
) =>
  ({
    id: outcome,
    type: 'final',
    description,
    output: ({ context }: { context: Context }) => ({ outcome, ...resultOf(context) }),
  }) as const;

/** The final state in which only a person can go on: the failure says what to do. */
export const needsOperator = <Context extends OneHostContext, Result extends object>(
  description: string,
  resultOf: (context: Context) => Result,
) =>
  ({
    id: 'needsOperator',
    type: 'final',
    tags: ['waitingForOperator'],
    description,
    output: ({ context }: { context: Context }) => ({
      outcome: 'needsOperator',
      ...resultOf(context),
      ...operatorResult(context),
    }),
  }) as const;
