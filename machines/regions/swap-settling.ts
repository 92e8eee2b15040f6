import type { Removal } from '../policy/snapshot-delete/endings.ts';
import { hearing } from './one-host-frame.ts';
import {
  ownCopies,
  removalRequest,
  resizeRequest,
  swapsOnHost,
} from '../policy/volume-swap/requests.ts';
import { errorOf } from './event-params.ts';
import { lookOf } from './swap-look-of.ts';

const removedOf = ({ event }: { readonly event: { readonly output: Removal } }) => event.output;

/** Whether the guest has its new volumes or its old ones: the configuration names what it named before. */
export const defined = {
  id: 'defined',
  description: 'The domain has its definition: is all called off, or does the guest go on?',
  always: [
    { guard: 'hasFailure', target: '#cancelling' },
    { guard: 'allPivoted', target: '#persisting' },
    { target: '#pivoting' },
  ],
} as const;

/** Copies that this run began, and no others. */
export const cancelling = {
  id: 'cancelling',
  description: 'Every copy of ours is called off; the guest keeps the volumes that it has.',
  tags: ['rollingBack'],
  initial: 'choosing',
  after: {
    peerWait: [{ guard: 'isLate', target: '#cancelling', reenter: true }, { target: '#givenUp' }],
  },
  states: {
    choosing: {
      description: 'Only what was asked for has to be ended.',
      always: [
        { guard: 'holdsJobs', target: 'ending' },
        { guard: 'isUnexplained', target: 'explaining' },
        { target: '#givenUp' },
      ],
    },
    explaining: {
      description: 'A copy ended by itself: with its guest, whose end may be told after it?',
      meta: { call: 'virDomainGetState' },
      invoke: {
        id: 'lookWhyLost',
        src: 'lookAtSwaps',
        input: swapsOnHost,
        onDone: { target: '#givenUp', actions: { type: 'noteLook', params: lookOf } },
        onError: 'unexplained',
      },
    },
    unexplained: {
      description: 'The host does not answer: it is asked again.',
      after: { askAgain: 'explaining' },
    },
    ending: {
      description: 'QEMU is asked to drop them.',
      meta: { call: 'virDomainBlockJobAbort' },
      invoke: {
        id: 'dropSwaps',
        src: 'dropSwaps',
        input: ownCopies,
        onDone: { target: 'looking', actions: 'noteDropped' },
        onError: 'waiting',
      },
    },
    looking: {
      description: 'What came of it?',
      meta: { call: 'virDomainGetXMLDesc, virDomainGetBlockJobInfo' },
      invoke: {
        id: 'lookDropped',
        src: 'lookAtSwaps',
        input: swapsOnHost,
        onDone: [
          {
            guard: { type: 'isUnbegun', params: lookOf },
            target: 'hearing',
            actions: { type: 'noteLook', params: lookOf },
          },
          { target: 'deciding', actions: { type: 'noteLook', params: lookOf } },
        ],
        onError: 'waiting',
      },
    },
    hearing: hearing('ending'),
    deciding: {
      description: 'Somebody else may have had the guest go on with a copy.',
      always: [
        { guard: 'hasPivoted', target: '#pivoting', actions: 'dropFailure' },
        { guard: 'holdsJobs', target: 'waiting' },
        { target: '#givenUp' },
      ],
    },
    waiting: {
      description: 'A job that is being dropped stays for a while.',
      after: { askAgain: 'ending' },
    },
  },
} as const;

export const givenUp = {
  id: 'givenUp',
  description: 'No copy is under way, as far as is known: what we made goes.',
  tags: ['rollingBack'],
  entry: 'explainLost',
  always: [
    { guard: 'holdsJobs', target: '#concluding' },
    { guard: 'goesBack', target: '#awaitingConfirmation', actions: 'stayThere' },
    { target: '#removing', actions: 'giveUpMade' },
  ],
} as const;

export const swapped = {
  id: 'swapped',
  description: 'The guest and its definition have the new volumes.',
  tags: ['pointOfNoReturn'],
  always: [
    { guard: 'goesBack', target: '#removing', actions: ['recordUndone', 'noteUndone'] },
    { guard: 'waitsForWord', target: '#awaitingConfirmation', actions: 'noteOld' },
    { target: '#resizing', actions: 'noteOld' },
  ],
} as const;

/** Nothing is asked of the host meanwhile; the domain stays ours. */
export const awaitingConfirmation = {
  id: 'awaitingConfirmation',
  description: 'The guest has its new volumes, and the old ones are kept until somebody decides.',
  tags: ['awaitingConfirmation'],
  on: {
    'confirm.requested': '#resizing',
    'undo.requested': { target: '#working', actions: 'turnBack' },
  },
} as const;

/** Forward only: whatever comes of it, the guest is on its new volumes. */
export const resizing = {
  id: 'resizing',
  description: 'Disks that shall be larger grow, and the guest is told.',
  tags: ['pointOfNoReturn'],
  initial: 'choosing',
  after: {
    peerWait: [
      { guard: 'isLate', target: '#resizing', reenter: true },
      { target: '#resizing', reenter: true, actions: 'noteSizesLeft' },
    ],
  },
  states: {
    choosing: {
      description: 'Disk by disk.',
      always: [{ guard: 'hasNextToResize', target: 'asking' }, { target: '#removing' }],
    },
    asking: {
      description: 'Done again, it is the same.',
      meta: { call: 'virDomainBlockResize, or qemu-img resize' },
      invoke: {
        id: 'resizeDisk',
        src: 'resizeDisk',
        input: resizeRequest,
        onDone: { target: 'choosing', actions: 'noteResized' },
        onError: { target: 'waiting', actions: { type: 'noteResizeTried', params: errorOf } },
      },
    },
    waiting: {
      description: 'The host does not answer, or refuses for now.',
      after: { askAgain: 'asking' },
    },
  },
} as const;

/** Volumes of ours that nobody is on, or old ones that shall go. */
export const removing = {
  id: 'removing',
  description: 'Volumes that nobody wants go; one that something uses stays, and is told of.',
  initial: 'choosing',
  after: {
    peerWait: [
      { guard: 'isLate', target: '#removing', reenter: true },
      { target: '#concluding', actions: 'noteNotRemoved' },
    ],
  },
  states: {
    choosing: {
      description: 'Are there any?',
      always: [{ guard: 'hasUnwanted', target: 'unlinking' }, { target: '#concluding' }],
    },
    unlinking: {
      description: 'Each is looked for in domains and snapshots, and below other images, first.',
      meta: { call: 'unlink' },
      invoke: {
        id: 'removeVolumes',
        src: 'removeVolumes',
        input: removalRequest,
        onDone: { target: '#concluding', actions: { type: 'noteRemoved', params: removedOf } },
        onError: 'waiting',
      },
    },
    waiting: {
      description: 'The host does not answer.',
      after: { askAgain: 'unlinking' },
    },
  },
} as const;
