import { copiesOnHost } from '../policy/live-snapshot/requests.ts';
import { askingAgent, freezing } from './freezing.ts';

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
        { guard: 'neverFreezes', target: '#ending', actions: 'noteEndAsked' },
        { guard: 'isPaused', target: 'unfreezable' },
        { target: 'askingAgent' },
      ],
    },
    unfreezable: {
      description: 'The guest is paused: its agent cannot answer.',
      always: [
        { guard: 'mustFreeze', target: '#mending', actions: 'recordPaused' },
        { target: '#ending', actions: ['notePaused', 'noteEndAsked'] },
      ],
    },
    askingAgent: askingAgent('#mending'),
    freezing: freezing('#mending', '#ending', 'noteEndAsked'),
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
    onDone: '#mending',
    onError: '#mending',
  },
} as const;

/**
 * Where there was no freeze, the copies have not been ended yet. Before the definition comes back: a libvirt
 * that has to undefine refuses to define a domain while its disks are copied.
 */
export const unquiesced = {
  id: 'unquiesced',
  description: 'Nothing is left to thaw: copies that still stand are ended as they are.',
  always: [
    { guard: 'mayYetEnd', target: '#ending', actions: 'noteEndAsked' },
    { target: '#defining' },
  ],
} as const;

/** What came of the copies: only one that was seen to end whole is used. */
export const settling = {
  id: 'settling',
  description: 'Were all copies seen to end whole, by our own end of them?',
  always: [
    { guard: 'hasFailure', target: '#undoing' },
    { guard: 'hasLost', target: '#undoing', actions: 'recordLost' },
    { guard: 'allEnded', target: '#writing' },
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
