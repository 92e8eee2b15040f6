import type { CopiesLook, DroppedFrom } from '../policy/live-snapshot/copies.ts';
import type { ImageInfo } from '../../src/ports/images.ts';
import {
  deltasOnHost,
  copiesOnHost,
  flattenRequest,
  imagesOnHost,
  nameRequest,
  stagedImage,
} from '../policy/live-snapshot/requests.ts';
import type { FilesRemoved } from '../policy/live-snapshot/images.ts';
import { recordsFailure } from './one-host-frame.ts';
import { errorOf } from './event-params.ts';

type Inspected = { readonly event: { readonly output: { readonly info: ImageInfo | null } } };

const infoOf = ({ event }: Inspected) => event.output;
const removedOf = ({ event }: { readonly event: { readonly output: FilesRemoved } }) =>
  event.output;
const notesRemoved = { type: 'noteRemoved', params: removedOf } as const;
const marksLeft = (kind: 'image' | 'delta' | 'blockJob') =>
  ({ type: 'markLeft', params: { kind } }) as const;

/** The guest has nothing to do with it any more: deltas become images, and images get their names. */
export const writing = {
  id: 'writing',
  description:
    'Each delta and all below it become one flat image; nothing of the guest is touched.',
  tags: ['abortable'],
  initial: 'choosing',
  on: { 'abort.requested': { target: '#undoing', actions: 'recordAbort' } },
  states: {
    choosing: {
      description: 'All images are whole before the first gets its name.',
      always: [
        { guard: 'isFlat', target: 'inspecting', actions: 'expectStaged' },
        { guard: 'hasUnwritten', target: 'flattening', actions: 'expectStaged' },
        { guard: 'hasUnnamed', target: '#naming', actions: 'expectNamed' },
        { target: '#tidying' },
      ],
    },
    flattening: {
      description: 'Written under a name of its own, so that nobody takes half of it for an image.',
      meta: { call: 'qemu-img convert', novaTaskState: 'image_pending_upload' },
      invoke: {
        id: 'flattenDelta',
        src: 'flattenDelta',
        input: flattenRequest,
        onDone: 'inspecting',
        onError: { target: '#undoing', actions: recordsFailure },
      },
    },
    inspecting: {
      description: 'Has it the format and the size that were asked for, and does it stand alone?',
      meta: { call: 'qemu-img info' },
      invoke: {
        id: 'inspectImage',
        src: 'inspectImage',
        input: stagedImage,
        onDone: [
          {
            guard: { type: 'isWhole', params: infoOf },
            target: 'choosing',
            actions: { type: 'noteWhole', params: infoOf },
          },
          { target: '#undoing', actions: { type: 'recordUnfit', params: infoOf } },
        ],
        onError: { target: '#undoing', actions: recordsFailure },
      },
    },
  },
} as const;

/** Never over a file that stands: somebody may have come before. */
export const naming = {
  id: 'naming',
  description: 'A whole image gets its name, never over a file that stands.',
  initial: 'asking',
  states: {
    asking: {
      description: 'Within the directory, at once.',
      meta: { call: 'link, unlink' },
      invoke: {
        id: 'nameImage',
        src: 'nameImage',
        input: nameRequest,
        onDone: { target: '#writing', actions: 'noteNamed' },
        onError: [
          {
            guard: { type: 'didNothing', params: errorOf },
            target: '#undoing',
            actions: [recordsFailure, 'forgetNamed'],
          },
          'looking',
        ],
      },
    },
    looking: {
      description: 'The answer is lost: does the draft still stand under its own name?',
      meta: { call: 'qemu-img info' },
      invoke: {
        id: 'lookAtDraft',
        src: 'inspectImage',
        input: stagedImage,
        onDone: [
          { guard: { type: 'isThere', params: infoOf }, target: 'asking' },
          { target: '#writing', actions: 'noteNamed' },
        ],
        onError: { target: '#undoing', actions: [recordsFailure, 'noteNameUnknown'] },
      },
    },
  },
} as const;

const lookOf = ({ event }: { readonly event: { readonly output: CopiesLook } }) => ({
  look: event.output,
});
const droppedFrom = ({ event }: { readonly event: { readonly output: DroppedFrom } }) =>
  event.output;

/** Nothing of the run stays but what the record tells; no step that fails stops the next. */
export const undoing = {
  id: 'undoing',
  description: 'There will be no image: copies of ours are ended, and what was written goes.',
  tags: ['rollingBack'],
  initial: 'choosing',
  states: {
    choosing: {
      description: 'What is on record, in the order that keeps the guest safe.',
      always: [
        { guard: 'holdsJobs', target: 'droppingCopies' },
        { guard: 'isUnexplained', target: 'explaining' },
        { guard: 'holdsImages', target: 'removingImages' },
        { target: '#tidying' },
      ],
    },
    explaining: {
      description: 'A copy ended by itself: with its guest, whose end may be told after it?',
      initial: 'asking',
      after: {
        peerWait: [
          { guard: 'isLate', target: 'explaining', reenter: true },
          { target: 'removingImages' },
        ],
      },
      states: {
        asking: {
          description: 'The host is asked how the guest is.',
          meta: { call: 'virDomainGetState' },
          invoke: {
            id: 'lookWhyLost',
            src: 'lookAtCopies',
            input: copiesOnHost,
            onDone: {
              target: '#removingImages',
              actions: [{ type: 'noteEnd', params: lookOf }, 'explainLost'],
            },
            onError: 'waiting',
          },
        },
        waiting: {
          description: 'The host does not answer.',
          after: { askAgain: 'asking' },
        },
      },
    },
    droppingCopies: {
      description: 'A copy to a delta of ours is ended; any other job is left alone.',
      initial: 'asking',
      after: {
        peerWait: [
          { guard: 'isLate', target: 'droppingCopies', reenter: true },
          { target: 'removingImages', actions: marksLeft('blockJob') },
        ],
      },
      states: {
        asking: {
          description: 'The host is asked what is copied where, then to end it.',
          meta: { call: 'virDomainBlockJobAbort' },
          invoke: {
            id: 'dropCopies',
            src: 'dropCopies',
            input: copiesOnHost,
            onDone: {
              target: '#removingImages',
              actions: [
                { type: 'noteDropped', params: droppedFrom },
                { type: 'noteDroppedFrom', params: droppedFrom },
                'explainLost',
              ],
            },
            onError: 'waiting',
          },
        },
        waiting: {
          description: 'The host does not answer, or does not do it yet.',
          after: { askAgain: 'asking' },
        },
      },
    },
    removingImages: {
      id: 'removingImages',
      description: 'Half an image goes, and whole ones that had their names already.',
      initial: 'choosing',
      after: {
        peerWait: [
          { guard: 'isLate', target: 'removingImages', reenter: true },
          { target: '#tidying', actions: marksLeft('image') },
        ],
      },
      states: {
        choosing: {
          description: 'Is there any?',
          always: [{ guard: 'holdsImages', target: 'asking' }, { target: '#tidying' }],
        },
        asking: {
          description: 'Only files that the record of this run names.',
          meta: { call: 'unlink' },
          invoke: {
            id: 'removeImages',
            src: 'removeFiles',
            input: imagesOnHost,
            onDone: { target: 'deciding', actions: notesRemoved },
            onError: 'waiting',
          },
        },
        deciding: {
          description: 'Some may not have gone.',
          always: [{ guard: 'holdsImages', target: 'waiting' }, { target: '#tidying' }],
        },
        waiting: {
          description: 'What did not go is tried again.',
          after: { askAgain: 'asking' },
        },
      },
    },
  },
} as const;

/** The deltas go, whether there are images or not. */
export const tidying = {
  id: 'tidying',
  description: 'The deltas have served, and go.',
  initial: 'choosing',
  after: {
    peerWait: [
      { guard: 'isLate', target: '#tidying', reenter: true },
      { target: '#concluding', actions: marksLeft('delta') },
    ],
  },
  states: {
    choosing: {
      description: 'A delta that a copy may still write to stays.',
      always: [{ guard: 'holdsDeltas', target: 'asking' }, { target: '#concluding' }],
    },
    asking: {
      description: 'Only files that the record of this run names.',
      meta: { call: 'unlink' },
      invoke: {
        id: 'removeDeltas',
        src: 'removeFiles',
        input: deltasOnHost,
        onDone: { target: 'deciding', actions: notesRemoved },
        onError: 'waiting',
      },
    },
    deciding: {
      description: 'Some may not have gone.',
      always: [{ guard: 'holdsDeltas', target: 'waiting' }, { target: '#concluding' }],
    },
    waiting: {
      description: 'What did not go is tried again.',
      after: { askAgain: 'asking' },
    },
  },
} as const;
