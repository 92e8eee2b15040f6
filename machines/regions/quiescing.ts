import type { AgentLook, FreezeLook, Thawed } from '../policy/live-snapshot-freeze.ts';
import { copiesOnHost, guestAsk } from '../policy/live-snapshot-requests.ts';
import { onHost } from '../policy/one-host.ts';
import { definingFirst } from './undefined-meanwhile.ts';

const errorOf = ({ event }: { readonly event: { readonly error: unknown } }) => ({
  error: event.error,
});
const agentOf = ({ event }: { readonly event: { readonly output: AgentLook } }) => event.output;
const frozenOf = ({ event }: { readonly event: { readonly output: { frozen: number } } }) =>
  event.output;
const statusOf = ({ event }: { readonly event: { readonly output: FreezeLook } }) => event.output;
const thawedOf = ({ event }: { readonly event: { readonly output: Thawed } }) => event.output;

const heeded = [
  { guard: 'hasFailure', target: '#thawing' },
  { guard: 'hasLost', target: '#thawing', actions: 'recordLost' },
] as const;

/** One moment for all disks: all copies are in step, and the guest's file systems come to rest. */
export const quiescing = {
  id: 'quiescing',
  description: 'All copies are in step; the guest is brought to rest, where it can be.',
  tags: ['abortable'],
  initial: 'choosing',
  states: {
    choosing: {
      description: 'A paused guest, or one that nobody may freeze, is taken as it is.',
      always: [
        ...heeded,
        { guard: 'neverFreezes', target: '#ending', actions: 'noteEndAsked' },
        { guard: 'isPaused', target: 'unfreezable' },
        { target: 'askingAgent' },
      ],
    },
    unfreezable: {
      description: 'The guest is paused: its agent cannot answer.',
      always: [
        { guard: 'mustFreeze', target: '#thawing', actions: 'recordPaused' },
        { target: '#ending', actions: ['notePaused', 'noteEndAsked'] },
      ],
    },
    askingAgent: {
      description: 'An agent that is not there is not waited for; the answer dates the freeze.',
      meta: { call: 'virDomainGetXMLDesc' },
      invoke: {
        id: 'askAgent',
        src: 'askAgent',
        input: onHost,
        onDone: [
          ...heeded,
          {
            guard: { type: 'isConnected', params: agentOf },
            target: 'freezing',
            actions: { type: 'expectFreeze', params: agentOf },
          },
          {
            guard: 'mustFreeze',
            target: '#thawing',
            actions: { type: 'recordNoAgent', params: agentOf },
          },
          {
            target: '#ending',
            actions: [{ type: 'noteNoAgent', params: agentOf }, 'noteEndAsked'],
          },
        ],
        onError: [
          {
            guard: 'mustFreeze',
            target: '#thawing',
            actions: { type: 'recordUnfrozen', params: errorOf },
          },
          {
            target: '#thawing',
            actions: { type: 'noteUnfrozen', params: errorOf },
          },
        ],
      },
    },
    freezing: {
      description: 'The agent brings all file systems to rest, within a time of its own.',
      tags: ['guestFrozen'],
      meta: { call: 'virDomainFSFreeze', novaTaskState: 'image_snapshot' },
      invoke: {
        id: 'freezeGuest',
        src: 'freezeGuest',
        input: guestAsk,
        onDone: [
          {
            guard: 'hasFailure',
            target: '#thawing',
            actions: { type: 'noteFrozen', params: frozenOf },
          },
          {
            guard: 'hasLost',
            target: '#thawing',
            actions: [{ type: 'noteFrozen', params: frozenOf }, 'recordLost'],
          },
          {
            guard: { type: 'isTooLittle', params: frozenOf },
            target: '#thawing',
            actions: 'recordNothingFrozen',
          },
          {
            target: '#ending',
            actions: [{ type: 'noteFrozen', params: frozenOf }, 'noteEndAsked'],
          },
        ],
        onError: [
          {
            guard: 'mustFreeze',
            target: '#thawing',
            actions: { type: 'recordUnfrozen', params: errorOf },
          },
          // It may freeze yet: thawed first, then the copies are ended.
          { target: '#thawing', actions: { type: 'noteUnfrozen', params: errorOf } },
        ],
      },
    },
  },
} as const;

/** The moment that the images show. */
export const ending = {
  id: 'ending',
  description: 'Every copy is ended at once; each delta is then what its disk was at that moment.',
  tags: ['guestFrozen'],
  meta: { call: 'virDomainBlockJobAbort without PIVOT' },
  invoke: {
    id: 'endCopies',
    src: 'endCopies',
    input: copiesOnHost,
    // What came of it is told by the events of the copies, not by the answer.
    onDone: '#thawing',
    onError: '#thawing',
  },
} as const;

/** Whatever happens, a guest that may be frozen is thawed before anything else is done. */
export const thawing = {
  id: 'thawing',
  description: 'A freeze on record is ended before anything else, after a crash of ours, too.',
  initial: 'choosing',
  after: {
    thawWait: [
      { guard: 'isLate', target: '#thawing', reenter: true },
      { target: '#defining', actions: 'noteFreezeLeft' },
    ],
  },
  states: {
    choosing: {
      description: 'Only a freeze that was asked for needs a thaw.',
      always: [
        { guard: 'mustDefine', target: 'definingFirst' },
        { guard: 'mayBeFrozen', target: 'asking' },
        { target: '#defining' },
      ],
    },
    definingFirst: definingFirst('defined'),
    defined: {
      description: 'Defined again, or not yet: the guest must not stand still for that.',
      always: [{ guard: 'mayBeFrozen', target: 'asking' }, { target: '#defining' }],
    },
    asking: {
      description: 'The agent does one thing after the other: its answer proves the thaw.',
      tags: ['guestFrozen'],
      meta: { call: 'virDomainFSThaw' },
      invoke: {
        id: 'thawGuest',
        src: 'thawGuest',
        input: guestAsk,
        onDone: { target: '#defining', actions: { type: 'noteThawed', params: thawedOf } },
        onError: 'waiting',
      },
    },
    waiting: {
      description: 'The agent does not answer; it is asked again, at the latest when it is back.',
      tags: ['guestFrozen'],
      always: [{ guard: 'isThawed', target: '#defining' }],
      on: { 'agent.connected': 'looking' },
      after: { askAgain: 'looking' },
    },
    looking: {
      description: 'A thaw that was not answered may have been made: asked again, hooks run again.',
      tags: ['guestFrozen'],
      meta: { call: 'guest-fsfreeze-status' },
      invoke: {
        id: 'askFreeze',
        src: 'askFreeze',
        input: guestAsk,
        onDone: [
          {
            guard: { type: 'saysThawed', params: statusOf },
            target: '#defining',
            actions: { type: 'noteThawed', params: statusOf },
          },
          { guard: { type: 'isSilent', params: statusOf }, target: 'waiting' },
          { target: 'asking' },
        ],
        onError: 'asking',
      },
    },
  },
} as const;

/** What came of the copies: only one that was seen to end whole is used. */
export const settling = {
  id: 'settling',
  description: 'Were all copies seen to end whole, by our own end of them?',
  always: [
    { guard: 'hasFailure', target: '#undoing' },
    { guard: 'hasLost', target: '#undoing', actions: 'recordLost' },
    { guard: 'allEnded', target: '#writing' },
    { guard: 'isEndNotAsked', target: '#ending', actions: 'noteEndAsked' },
    // What was not heard is not told again.
    { guard: 'mustLook', target: '#undoing', actions: 'recordUnproven' },
  ],
  after: {
    tellWait: [
      { guard: 'isLate', target: '#settling', reenter: true },
      { target: '#undoing', actions: 'recordUnproven' },
    ],
  },
} as const;
