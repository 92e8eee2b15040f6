import type { ClaimAnswer } from '../policy/claims.ts';
import { claimRequest } from '../policy/one-host/one-host.ts';
import type { RevertLook, RevertVerdict } from '../policy/snapshot-revert/look.ts';
import { revertLookRequest } from '../policy/snapshot-revert/look.ts';
import { backRequest, beforeRequest, revertRequest } from '../policy/snapshot-revert/requests.ts';
import { hearing, recordsFailure } from './one-host-frame.ts';
import { errorOf } from './event-params.ts';

type Looked = { readonly event: { readonly output: RevertLook } };

const lookOf = ({ event }: Looked) => ({ look: event.output });
const claimOf = ({ event }: { readonly event: { readonly output: ClaimAnswer } }) => event.output;
const found = (verdict: RevertVerdict) =>
  ({
    type: 'found',
    params: ({ event }: Looked) => ({ look: event.output, verdict }),
  }) as const;
const seen = <Type extends string>(type: Type) => ({ type, params: lookOf }) as const;
const quandary = (why: 'silent' | 'gone' | 'broken' | 'notBack') =>
  ({ type: 'recordQuandary', params: { why } }) as const;

/** libvirt's own work: it ends the QEMU, and begins another one where the guest is to run. */
export const reverting = {
  description: 'libvirt reverts the domain; claims in the snapshot are taken out first.',
  tags: ['guestPaused'],
  meta: {
    call: 'virDomainRevertToSnapshot',
    source: 'https://libvirt.org/html/libvirt-libvirt-domain-snapshot.html',
  },
  invoke: {
    id: 'revert',
    src: 'revertDomain',
    input: revertRequest,
    onDone: { target: 'looking', actions: 'noteConfirmed' },
    onError: { target: 'looking', actions: recordsFailure },
  },
  after: { callWait: { target: 'looking', actions: 'recordTooLong' } },
} as const;

export const looking = {
  id: 'looking',
  description: 'What came of it is looked at, never assumed.',
  initial: 'asking',
  after: {
    peerWait: [
      { guard: 'isLate', target: '#looking', reenter: true },
      { target: '#needsOperator', actions: quandary('silent') },
    ],
  },
  states: {
    asking: {
      description: 'The host tells its state, its disks and its current snapshot.',
      meta: { call: 'virDomainGetXMLDesc, virDomainSnapshotCurrent' },
      invoke: {
        id: 'lookAtRevert',
        src: 'lookAtRevert',
        input: revertLookRequest,
        onDone: [
          { guard: found('silent'), target: 'waiting' },
          { guard: found('busy'), target: 'waiting', actions: 'noteHeard' },
          { guard: found('gone'), target: '#needsOperator', actions: quandary('gone') },
          { guard: seen('isUnreverted'), target: 'hearing' },
          { guard: found('reverted'), target: '#reclaiming', actions: seen('noteReverted') },
          { guard: found('untouched'), target: '#reclaiming', actions: 'noteUntouched' },
          { guard: 'isKept', target: '#goingBack' },
          { target: '#needsOperator', actions: quandary('broken') },
        ],
        onError: 'waiting',
      },
    },
    waiting: {
      description: 'The host is silent, or still at work; it is asked again.',
      after: { askAgain: 'asking' },
    },
    hearing: hearing('asking'),
  },
} as const;

/** Done again, it comes to the same: the state before stays in its snapshot until the end. */
export const goingBack = {
  id: 'goingBack',
  description: 'The revert failed: the domain goes back to what was kept.',
  tags: ['rollingBack', 'guestPaused'],
  initial: 'asking',
  after: {
    callWait: [
      { guard: 'isLate', target: '#goingBack', reenter: true },
      { target: '#needsOperator', actions: quandary('notBack') },
    ],
  },
  states: {
    asking: {
      description: 'libvirt reverts to the state before.',
      meta: { call: 'virDomainRevertToSnapshot' },
      invoke: {
        id: 'revertBack',
        src: 'revertDomain',
        input: backRequest,
        onDone: { target: 'looking', actions: 'noteBackConfirmed' },
        onError: { target: 'looking', actions: { type: 'noteBackTrouble', params: errorOf } },
      },
    },
    looking: {
      description: 'Does the guest stand as it did?',
      meta: { call: 'virDomainGetXMLDesc, virDomainSnapshotCurrent' },
      invoke: {
        id: 'lookBack',
        src: 'lookAtRevert',
        input: revertLookRequest,
        onDone: [
          { guard: seen('isWaiting'), target: 'waitingToLook' },
          { guard: seen('isGone'), target: '#needsOperator', actions: quandary('gone') },
          { guard: seen('isBack'), target: '#reclaiming', actions: seen('noteBack') },
          { guard: 'isLastTry', target: '#needsOperator', actions: quandary('notBack') },
          { target: 'waiting', actions: 'noteTry' },
        ],
        onError: 'waitingToLook',
      },
    },
    waitingToLook: {
      description: 'The host is silent, or still at work; it is asked again.',
      after: { askAgain: 'looking' },
    },
    waiting: {
      description: 'It did not come back, or its answer was lost; it is done again.',
      after: { askAgain: 'asking' },
    },
  },
} as const;

/** A snapshot brings the definition back that it keeps, which has no claim of this run, or an old one. */
export const reclaiming = {
  id: 'reclaiming',
  description: 'The domain has the definition of the snapshot now: it is claimed again.',
  initial: 'asking',
  after: {
    peerWait: [
      { guard: 'isLate', target: '#reclaiming', reenter: true },
      { target: '#discarding', actions: 'noteUnclaimed' },
    ],
  },
  states: {
    asking: {
      description: 'A claim that stands is left as it is.',
      meta: { call: 'virDomainSetMetadata', source: 'docs/claims.md' },
      invoke: {
        id: 'reclaim',
        src: 'claimDomain',
        input: claimRequest,
        onDone: { target: '#discarding', actions: { type: 'noteReclaim', params: claimOf } },
        onError: 'waiting',
      },
    },
    waiting: {
      description: 'The host does not answer; it is asked again.',
      after: { askAgain: 'asking' },
    },
  },
} as const;

/** libvirt removes what is only in it, or merges what the guest writes to into what it wrote to before. */
export const discarding = {
  id: 'discarding',
  description: 'What was kept is not needed any more.',
  initial: 'choosing',
  after: {
    peerWait: [
      { guard: 'isLate', target: '#discarding', reenter: true },
      { target: '#tidying', actions: 'noteBeforeLeft' },
    ],
  },
  states: {
    choosing: {
      description: 'Was anything kept?',
      always: [{ guard: 'isKept', target: 'asking' }, { target: '#tidying' }],
    },
    asking: {
      description: 'The snapshot with the state before is deleted.',
      meta: { call: 'virDomainSnapshotDelete' },
      invoke: {
        id: 'discardBefore',
        src: 'discardBefore',
        input: beforeRequest,
        onDone: { target: '#tidying', actions: 'noteDiscarded' },
        onError: [
          {
            guard: { type: 'isRefused', params: errorOf },
            target: '#tidying',
            actions: 'noteBeforeLeft',
          },
          { target: 'waiting' },
        ],
      },
    },
    waiting: {
      description: 'The host does not answer; it is asked again.',
      after: { askAgain: 'asking' },
    },
  },
} as const;
