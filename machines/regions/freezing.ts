import type { AgentLook, FreezeLook, Thawed } from '../policy/one-host/freezing.ts';
import { guestAsk } from '../policy/one-host/freezing.ts';
import { onHost } from '../policy/one-host/one-host.ts';
import { errorOf } from './event-params.ts';

type Frozen = { readonly event: { readonly output: { readonly frozen: number } } };

const agentOf = ({ event }: { readonly event: { readonly output: AgentLook } }) => event.output;
const frozenOf = ({ event }: Frozen) => event.output;
const statusOf = ({ event }: { readonly event: { readonly output: FreezeLook } }) => event.output;
const thawedOf = ({ event }: { readonly event: { readonly output: Thawed } }) => event.output;

const notesFrozen = { type: 'noteFrozen', params: frozenOf } as const;

/**
 * The guest's file systems come to rest by our own call of the agent, which is bounded and on record.
 *
 * @param mend every other way out: it thaws what may be frozen
 */
export const askingAgent = <const Mend extends string>(mend: Mend) =>
  ({
    description: 'An agent that is not there is not waited for; the answer dates the freeze.',
    meta: { call: 'virDomainGetXMLDesc' },
    invoke: {
      id: 'askAgent',
      src: 'askAgent',
      input: onHost,
      onDone: [
        { guard: 'isGivenUp', target: mend },
        {
          guard: { type: 'isConnected', params: agentOf },
          target: 'freezing',
          actions: { type: 'expectFreeze', params: agentOf },
        },
        {
          guard: 'mustFreeze',
          target: mend,
          actions: { type: 'recordNoAgent', params: agentOf },
        },
        { target: mend, actions: { type: 'noteNoAgent', params: agentOf } },
      ],
      onError: [
        {
          guard: 'mustFreeze',
          target: mend,
          actions: { type: 'recordUnfrozen', params: errorOf },
        },
        { target: mend, actions: { type: 'noteUnfrozen', params: errorOf } },
      ],
    },
  }) as const;

/** @param noteNext what goes on record before the next call */
export const freezing = <
  const Mend extends string,
  const Next extends string,
  const NoteNext extends string,
>(
  mend: Mend,
  next: Next,
  noteNext: NoteNext,
) =>
  ({
    description: 'The agent brings all file systems to rest, within a time of its own.',
    tags: ['guestFrozen'],
    meta: { call: 'virDomainFSFreeze', novaTaskState: 'image_snapshot' },
    invoke: {
      id: 'freezeGuest',
      src: 'freezeGuest',
      input: guestAsk,
      onDone: [
        { guard: 'isGivenUp', target: mend, actions: notesFrozen },
        {
          guard: { type: 'isTooLittle', params: frozenOf },
          target: mend,
          actions: 'recordNothingFrozen',
        },
        { target: next, actions: [notesFrozen, noteNext] },
      ],
      // It may freeze yet: thawed first; where it need not be frozen, it goes on then.
      onError: [
        {
          guard: 'mustFreeze',
          target: mend,
          actions: { type: 'recordUnfrozen', params: errorOf },
        },
        { target: mend, actions: { type: 'noteUnfrozen', params: errorOf } },
      ],
    },
  }) as const;

/**
 * Whatever happens, a guest that may be frozen is thawed before anything else is done.
 *
 * @param heard what tells, beside the agent's answers, that nothing is frozen any more
 */
export const thawing = <const Next extends string, const Heard extends readonly object[]>(
  next: Next,
  heard: Heard,
) =>
  ({
    id: 'thawing',
    description: 'A freeze on record is ended first, after a crash of ours, too.',
    initial: 'choosing',
    after: {
      thawWait: [
        { guard: 'isLate', target: '#thawing', reenter: true },
        { target: next, actions: 'noteFreezeLeft' },
      ],
    },
    states: {
      choosing: {
        description: 'Only a freeze that was asked for needs a thaw.',
        always: [{ guard: 'mayBeFrozen', target: 'asking' }, { target: next }],
      },
      asking: {
        description: 'The agent does one thing after the other: its answer proves the thaw.',
        tags: ['guestFrozen'],
        meta: { call: 'virDomainFSThaw' },
        invoke: {
          id: 'thawGuest',
          src: 'thawGuest',
          input: guestAsk,
          onDone: { target: next, actions: { type: 'noteThawed', params: thawedOf } },
          onError: 'waiting',
        },
      },
      waiting: {
        description: 'The agent does not answer; it is asked again, at the latest when it is back.',
        tags: ['guestFrozen'],
        always: heard,
        on: { 'agent.connected': 'looking' },
        after: { askAgain: 'looking' },
      },
      looking: {
        description:
          'A thaw that was not answered may have been made: asked again, hooks run again.',
        tags: ['guestFrozen'],
        meta: { call: 'guest-fsfreeze-status' },
        invoke: {
          id: 'askFreeze',
          src: 'askFreeze',
          input: guestAsk,
          onDone: [
            {
              guard: { type: 'saysThawed', params: statusOf },
              target: next,
              actions: { type: 'noteThawed', params: statusOf },
            },
            { guard: { type: 'isSilent', params: statusOf }, target: 'waiting' },
            { target: 'asking' },
          ],
          onError: 'asking',
        },
      },
    },
  }) as const;
