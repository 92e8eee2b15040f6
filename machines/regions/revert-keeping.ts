import { resumeRequest } from '../policy/one-host/one-host.ts';
import type { KeepVerdict, RevertLook } from '../policy/snapshot-revert/look.ts';
import { revertLookRequest } from '../policy/snapshot-revert/look.ts';
import { keepRequest } from '../policy/snapshot-revert/requests.ts';
import { hearing, recordsFailure } from './one-host-frame.ts';

type Looked = { readonly event: { readonly output: RevertLook } };

const lookOf = ({ event }: Looked) => ({ look: event.output });
const found = (verdict: KeepVerdict) =>
  ({
    type: 'foundKept',
    params: ({ event }: Looked) => ({ look: event.output, verdict }),
  }) as const;
const notesBefore = { type: 'noteBefore', params: lookOf } as const;
const quandary = (why: 'silent' | 'gone' | 'unkept') =>
  ({ type: 'recordQuandary', params: { why } }) as const;

/** A call that is under way is not ended by an abort: its outcome is looked at, then it counts. */
const hearsAbort = { 'abort.requested': { actions: 'recordAbort' } } as const;

export const keeping = {
  description:
    'The present state becomes a snapshot of the same kind, with the memory of what runs.',
  tags: ['abortable', 'guestPaused'],
  meta: { call: 'virDomainSnapshotCreateXML' },
  on: hearsAbort,
  invoke: {
    id: 'keep',
    src: 'keepState',
    input: keepRequest,
    onDone: 'checkingKept',
    onError: { target: 'checkingKept', actions: recordsFailure },
  },
  after: { callWait: { target: 'checkingKept', actions: 'recordTooLong' } },
} as const;

export const checkingKept = {
  id: 'checkingKept',
  description:
    "Whatever the call said: libvirt's books and the disks tell whether the state is kept.",
  tags: ['abortable'],
  on: hearsAbort,
  initial: 'asking',
  after: {
    peerWait: [
      { guard: 'isLate', target: '#checkingKept', reenter: true },
      { target: '#needsOperator', actions: quandary('silent') },
    ],
  },
  states: {
    asking: {
      description: 'The host tells the job, the disks and the snapshots.',
      meta: { call: 'virDomainGetXMLDesc, virDomainListAllSnapshots' },
      invoke: {
        id: 'lookAtKept',
        src: 'lookAtRevert',
        input: revertLookRequest,
        onDone: [
          { guard: found('silent'), target: 'waiting' },
          { guard: found('busy'), target: 'waiting', actions: 'noteHeard' },
          { guard: found('resume'), target: 'resuming', actions: 'noteHeard' },
          { guard: found('gone'), target: '#needsOperator', actions: quandary('gone') },
          { guard: found('kept'), target: '#deciding', actions: ['noteKept', notesBefore] },
          { guard: { type: 'isUnkept', params: lookOf }, target: 'hearing' },
          { guard: found('nothing'), target: '#tidying', actions: 'noteNotKept' },
          { target: '#needsOperator', actions: quandary('unkept') },
        ],
        onError: 'waiting',
      },
    },
    waiting: {
      description: 'The host is silent, or still at work; it is asked again.',
      after: { askAgain: 'asking' },
    },
    hearing: hearing('asking'),
    resuming: {
      description: 'The guest ran before and was left standing: it goes on.',
      tags: ['guestPaused'],
      meta: { call: 'virDomainResume' },
      invoke: {
        id: 'resumeAfterKeeping',
        src: 'resumeAfterKeeping',
        input: resumeRequest,
        onDone: 'asking',
        onError: 'waiting',
      },
    },
  },
} as const;

/** Where nothing is kept, a look afterwards is held against how it stands now. */
export const standing = {
  id: 'standing',
  description: 'How the domain stands just before the revert.',
  tags: ['abortable'],
  on: hearsAbort,
  initial: 'asking',
  after: {
    peerWait: [
      { guard: 'isLate', target: '#standing', reenter: true },
      { target: '#concluding', actions: quandary('silent') },
    ],
  },
  states: {
    asking: {
      description: 'The host tells its state, its disks and its current snapshot.',
      meta: { call: 'virDomainGetXMLDesc, virDomainSnapshotCurrent' },
      invoke: {
        id: 'lookBefore',
        src: 'lookAtRevert',
        input: revertLookRequest,
        onDone: [
          { guard: { type: 'isWaiting', params: lookOf }, target: 'waiting' },
          {
            guard: { type: 'isGone', params: lookOf },
            target: '#concluding',
            actions: quandary('gone'),
          },
          { target: '#deciding', actions: notesBefore },
        ],
        onError: 'waiting',
      },
    },
    waiting: {
      description: 'The host is silent, or at work; it is asked again.',
      after: { askAgain: 'asking' },
    },
  },
} as const;
