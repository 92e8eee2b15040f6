import type { CopiesLook } from '../policy/live-snapshot/copies.ts';
import { copiesOnHost, copyRequest, deltaRequest } from '../policy/live-snapshot/requests.ts';
import { recordsFailure } from './one-host-frame.ts';
import { undefining } from './undefined-meanwhile.ts';
import { errorOf } from './event-params.ts';

const lookOf = ({ event }: { readonly event: { readonly output: CopiesLook } }) => ({
  look: event.output,
});
const notesLook = { type: 'noteCopiesLook', params: lookOf } as const;

/** What was asked for meanwhile, or happened, is heeded once the call has been answered. */
const heeded = [
  { guard: 'hasFailure', target: '#mending' },
  { guard: 'hasLost', target: '#mending', actions: 'recordLost' },
] as const;

/** Every chosen disk is copied to a delta, all at the same time, until all are in step. */
export const copying = {
  description: 'The tops of the chosen disks are copied to deltas while the guest runs.',
  tags: ['abortable'],
  initial: 'choosing',
  states: {
    choosing: {
      id: 'choosingCopies',
      description: 'Disk by disk a copy is begun; they go on side by side.',
      always: [
        ...heeded,
        { guard: 'mustUndefine', target: 'keepingDefinition' },
        { guard: 'hasNextToCopy', target: 'makingDelta', actions: 'expectDelta' },
        { target: 'awaitingReady' },
      ],
    },
    ...undefining('choosing', '#mending'),
    makingDelta: {
      description:
        "An empty file over the disk's own backing file, every format told and none guessed.",
      meta: { call: 'qemu-img create', source: 'CVE-2015-7548' },
      invoke: {
        id: 'makeDelta',
        src: 'makeDelta',
        input: deltaRequest,
        onDone: [...heeded, { target: 'beginningCopy', actions: 'expectCopy' }],
        onError: { target: '#mending', actions: recordsFailure },
      },
    },
    beginningCopy: {
      description: 'The job ends with its QEMU at the latest: no definition speaks of it.',
      meta: { call: 'virDomainBlockCopy with SHALLOW, REUSE_EXT and TRANSIENT_JOB' },
      invoke: {
        id: 'beginCopy',
        src: 'beginCopy',
        input: copyRequest,
        onDone: { target: 'choosing', actions: 'noteBegun' },
        onError: [
          {
            guard: { type: 'didNothing', params: errorOf },
            target: '#mending',
            actions: [recordsFailure, 'forgetCopy'],
          },
          {
            guard: { type: 'isInterrupted', params: errorOf },
            target: 'recalling',
            actions: 'noteUnsure',
          },
          // The answer is lost, the copy may stand.
          { target: 'choosing', actions: ['noteBegun', 'noteUnheard'] },
        ],
      },
    },
    recalling: {
      description: 'Our process died as a copy was to begin: has it begun?',
      // Once the domain is defined again, libvirt refuses what may come yet.
      always: { guard: 'mustDefine', target: '#mending' },
      initial: 'late',
      after: {
        peerWait: [
          { guard: 'isLate', target: 'recalling', reenter: true },
          { target: '#mending', actions: 'recordSilent' },
        ],
      },
      states: {
        late: {
          description: 'libvirt reads what a process sent that has died: the call may come yet.',
          after: { unheard: 'looking' },
        },
        looking: {
          description: 'What does not stand by now has not begun, and is not begun again.',
          meta: { call: '<mirror> of the live definition' },
          invoke: {
            id: 'recallCopy',
            src: 'lookAtCopies',
            input: copiesOnHost,
            onDone: { target: '#choosingCopies', actions: notesLook },
            onError: 'late',
          },
        },
      },
    },
    awaitingReady: {
      description: 'The copies come into step with their disks, which libvirt tells by an event.',
      initial: 'waiting',
      after: {
        copyWait: [
          { guard: 'isLate', target: 'awaitingReady', reenter: true },
          { target: '#mending', actions: 'recordTimedOut' },
        ],
      },
      states: {
        waiting: {
          id: 'waitingReady',
          description: 'Whatever ends a copy now ends the snapshot; a pause of its own is a stall.',
          meta: { call: 'VIR_DOMAIN_EVENT_ID_BLOCK_JOB_2' },
          always: [
            ...heeded,
            { guard: 'mustLook', target: 'asking' },
            { guard: 'allReady', target: 'confirming' },
          ],
          after: { lookWait: 'asking' },
        },
        confirming: {
          description: 'All are in step: of the layers for which their deltas were made?',
          meta: { call: 'virDomainGetXMLDesc' },
          invoke: {
            id: 'confirmCopies',
            src: 'lookAtCopies',
            input: copiesOnHost,
            onDone: { target: 'confirmed', actions: notesLook },
            onError: 'asking',
          },
        },
        confirmed: {
          description: 'From here on libvirt lets nobody change those layers.',
          always: [...heeded, { guard: 'allReady', target: '#quiescing' }, { target: 'waiting' }],
        },
        asking: {
          description: 'Do the copies still stand, and do they gain?',
          always: [{ guard: 'hasFailure', target: '#mending' }],
          initial: 'looking',
          after: {
            peerWait: [
              { guard: 'isLate', target: 'asking', reenter: true },
              { target: '#mending', actions: 'recordSilent' },
            ],
          },
          states: {
            looking: {
              description: 'The host is asked for the jobs, and where they write to.',
              meta: { call: 'virDomainGetBlockJobInfo, and <mirror> of the live definition' },
              invoke: {
                id: 'lookAtCopies',
                src: 'lookAtCopies',
                input: copiesOnHost,
                onDone: [
                  {
                    guard: { type: 'isStalled', params: lookOf },
                    target: '#mending',
                    actions: [notesLook, 'recordStalled'],
                  },
                  { target: '#waitingReady', actions: notesLook },
                ],
                onError: 'silent',
              },
            },
            silent: {
              description: 'The host does not answer; the copies may well go on.',
              after: { askAgain: 'looking' },
            },
          },
        },
      },
    },
  },
} as const;
