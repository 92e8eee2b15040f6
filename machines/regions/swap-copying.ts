import {
  copyRequest,
  makeRequest,
  ownCopies,
  swapsOnHost,
} from '../policy/volume-swap/requests.ts';
import { hearing, recordsFailure } from './one-host-frame.ts';
import { undefining } from './undefined-meanwhile.ts';
import { errorOf } from './event-params.ts';
import { lookOf } from './swap-look-of.ts';

const notesLook = { type: 'noteLook', params: lookOf } as const;

/** While nothing is lost by it. */
const onAbort = { 'abort.requested': { actions: 'recordAbort' } } as const;

/** What was asked for meanwhile, or happened, is heeded once the call has been answered. */
const heeded = [
  { guard: 'hasFailure', target: '#defining' },
  { guard: 'hasLost', target: '#defining', actions: 'recordLost' },
] as const;

/** Nobody listened for a while. A domain that would end with its guest gets its definition back then. */
const unheard = [
  { guard: 'isUndefined', actions: ['noteUnheard', 'recordInterrupted'] },
  { actions: 'noteUnheard' },
] as const;

/** Whether the guest runs decides who copies; and nobody else may have changed its disks. */
export const looking = {
  description: 'Claimed by now: does the guest run, and on the volumes that it had?',
  tags: ['abortable'],
  on: onAbort,
  initial: 'asking',
  after: {
    peerWait: [
      { guard: 'isLate', target: 'looking', reenter: true },
      { target: '#cancelling', actions: 'recordSilent' },
    ],
  },
  states: {
    asking: {
      description: 'The host is asked for the disks.',
      meta: { call: 'virDomainGetXMLDesc' },
      invoke: {
        id: 'lookFirst',
        src: 'lookAtSwaps',
        input: swapsOnHost,
        onDone: [
          {
            guard: { type: 'isMoved', params: lookOf },
            target: '#cancelling',
            actions: [notesLook, 'recordMoved'],
          },
          { target: '#making', actions: notesLook },
        ],
        onError: 'waiting',
      },
    },
    waiting: {
      description: 'The host does not answer.',
      always: { guard: 'hasFailure', target: '#cancelling' },
      after: { askAgain: 'asking' },
    },
  },
} as const;

/** Destinations that nobody made. */
export const making = {
  id: 'making',
  description: 'Every destination that is asked for is made, with nothing in it.',
  tags: ['abortable'],
  on: onAbort,
  initial: 'choosing',
  states: {
    choosing: {
      description: 'Who copies depends on whether a QEMU has the disks.',
      always: [
        { guard: 'hasFailure', target: '#cancelling' },
        { guard: 'isGone', target: '#cancelling', actions: 'recordLost' },
        { guard: 'hasNextToMake', target: 'creating', actions: 'expectVolume' },
        { guard: 'isOff', target: '#copyingOffline' },
        { target: '#copying' },
      ],
    },
    creating: {
      description: 'An empty volume of the size of the disk, its format told.',
      meta: { call: 'qemu-img create' },
      invoke: {
        id: 'makeVolume',
        src: 'makeVolume',
        input: makeRequest,
        onDone: { target: 'choosing', actions: 'noteMade' },
        onError: [
          {
            guard: { type: 'didNothing', params: errorOf },
            target: '#cancelling',
            actions: [recordsFailure, 'forgetVolume'],
          },
          { target: '#cancelling', actions: recordsFailure },
        ],
      },
    },
  },
} as const;

/** Every disk is copied to its new volume, all at the same time, until all are in step. */
export const copying = {
  id: 'copying',
  description: 'The disks are copied to their new volumes while the guest runs.',
  tags: ['abortable'],
  on: { ...onAbort, 'connection.lost': unheard, 'connection.regained': unheard },
  initial: 'choosing',
  states: {
    choosing: {
      id: 'choosingCopies',
      description: 'Disk by disk a copy is begun; they go on side by side.',
      always: [
        ...heeded,
        { guard: 'mustUndefine', target: 'keepingDefinition' },
        { guard: 'hasNextToCopy', target: 'beginning', actions: 'expectCopy' },
        { target: 'awaitingReady' },
      ],
    },
    ...undefining('choosing', '#defining'),
    beginning: {
      description: 'The job ends with its QEMU at the latest: no definition speaks of it.',
      meta: {
        call: 'virDomainBlockCopy with REUSE_EXT and TRANSIENT_JOB; before libvirt 3.5.0 virDomainBlockRebase with COPY and REUSE_EXT',
      },
      invoke: {
        id: 'beginSwap',
        src: 'beginSwap',
        input: copyRequest,
        onDone: { target: 'choosing', actions: 'noteBegun' },
        onError: [
          {
            guard: { type: 'didNothing', params: errorOf },
            target: '#defining',
            actions: [recordsFailure, 'forgetCopy'],
          },
          // The answer is lost, the copy may stand.
          {
            guard: 'isUndefined',
            target: '#defining',
            actions: ['noteBeginUnheard', 'recordInterrupted'],
          },
          { target: 'choosing', actions: 'noteBeginUnheard' },
        ],
      },
    },
    awaitingReady: {
      description: 'The copies come into step with their disks, which libvirt tells by an event.',
      initial: 'waiting',
      after: {
        copyWait: [
          { guard: 'isLate', target: 'awaitingReady', reenter: true },
          { target: '#defining', actions: 'recordTimedOut' },
        ],
      },
      states: {
        waiting: {
          id: 'waitingReady',
          description: 'Whatever ends a copy now ends the swap, and the guest has its old volumes.',
          meta: { call: 'VIR_DOMAIN_EVENT_ID_BLOCK_JOB_2' },
          always: [
            ...heeded,
            { guard: 'mustLook', target: 'asking' },
            // Somebody else had the guest go on with a copy of ours: there is only forward.
            { guard: 'hasPivoted', target: '#pivoting' },
            { guard: 'allReady', target: 'confirming' },
          ],
          after: { lookWait: 'asking' },
        },
        confirming: {
          description: 'All are said to be in step: does the definition of what runs say so, too?',
          meta: { call: 'virDomainGetXMLDesc' },
          invoke: {
            id: 'confirmReady',
            src: 'lookAtSwaps',
            input: swapsOnHost,
            onDone: { target: 'confirmed', actions: notesLook },
            onError: 'asking',
          },
        },
        confirmed: {
          description: 'The last moment in which nothing has happened.',
          always: [...heeded, { guard: 'allReady', target: '#pivoting' }, { target: 'waiting' }],
        },
        asking: {
          description: 'Do the copies still stand, and do they come nearer?',
          always: [{ guard: 'hasFailure', target: '#defining' }],
          initial: 'looking',
          after: {
            peerWait: [
              { guard: 'isLate', target: 'asking', reenter: true },
              { target: '#defining', actions: 'recordSilent' },
            ],
          },
          states: {
            looking: {
              description: 'The host is asked for the jobs, and where they write to.',
              meta: { call: 'virDomainGetBlockJobInfo, and <mirror> of the live definition' },
              invoke: {
                id: 'lookAtSwaps',
                src: 'lookAtSwaps',
                input: swapsOnHost,
                onDone: [
                  {
                    guard: { type: 'isUnbegun', params: lookOf },
                    target: 'hearing',
                    actions: notesLook,
                  },
                  {
                    guard: { type: 'isOutrun', params: lookOf },
                    target: '#beginningAgain',
                    actions: [notesLook, 'writeToBoth'],
                  },
                  {
                    guard: { type: 'isStalled', params: lookOf },
                    target: '#defining',
                    actions: [notesLook, 'recordStalled'],
                  },
                  { target: '#waitingReady', actions: notesLook },
                ],
                onError: 'silent',
              },
            },
            hearing: hearing('looking'),
            silent: {
              description: 'The host does not answer; the copies may well go on.',
              after: { askAgain: 'looking' },
            },
          },
        },
      },
    },
    beginningAgain: {
      id: 'beginningAgain',
      description: 'The guest outruns the copies: they begin anew, and its writes wait for both.',
      initial: 'ending',
      after: {
        peerWait: [
          { guard: 'isLate', target: 'beginningAgain', reenter: true },
          { target: '#defining', actions: 'recordSilent' },
        ],
      },
      states: {
        ending: {
          description: 'QEMU is asked to drop the copies.',
          meta: { call: 'virDomainBlockJobAbort' },
          invoke: {
            id: 'endOutrun',
            src: 'dropSwaps',
            input: ownCopies,
            onDone: 'looking',
            onError: 'waiting',
          },
        },
        looking: {
          description: 'The same file takes a new copy only when the old one is gone.',
          meta: { call: 'virDomainGetXMLDesc' },
          invoke: {
            id: 'lookEnded',
            src: 'lookAtSwaps',
            input: swapsOnHost,
            onDone: { target: 'deciding', actions: notesLook },
            onError: 'waiting',
          },
        },
        deciding: {
          description: 'Is everything gone that was begun?',
          always: [
            { guard: 'hasFailure', target: '#defining' },
            { guard: 'isOff', target: '#defining', actions: 'recordLost' },
            { guard: 'holdsJobs', target: 'waiting' },
            { target: '#choosingCopies', actions: 'beginAgain' },
          ],
        },
        waiting: {
          description: 'A job that is being dropped stays for a while.',
          after: { askAgain: 'ending' },
        },
      },
    },
  },
} as const;
