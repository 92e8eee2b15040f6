import type { LiveSnapshotOutput } from './live-snapshot.setup.ts';
import { liveSnapshotSetup } from './live-snapshot.setup.ts';
import { liveSnapshotCheckNames } from './policy/live-snapshot/checks.ts';
import type { Thawed } from './policy/one-host/freezing.ts';
import { guestAsk } from './policy/one-host/freezing.ts';
import type { LiveSnapshotFacts } from './policy/live-snapshot/live-snapshot.ts';
import { beforeLiveSnapshot, liveSnapshotResult } from './policy/live-snapshot/live-snapshot.ts';
import { copiesOnHost, factsRequest } from './policy/live-snapshot/requests.ts';
import { nothingYet, onHost } from './policy/one-host/one-host.ts';
import { copying } from './regions/live-copying.ts';
import {
  checking,
  claiming,
  ended,
  gathering,
  needsOperator,
  noteEnding,
  recordsFailure,
  released,
  releasing,
} from './regions/one-host-frame.ts';
import { thawing } from './regions/freezing.ts';
import { ending, quiescing, settling, unquiesced } from './regions/quiescing.ts';
import { naming, tidying, undoing, writing } from './regions/writing-images.ts';
import { defining, mending } from './regions/undefined-meanwhile.ts';
import { thawingLast } from './regions/thawing-last.ts';
import { notesGuest, notesJob } from './regions/domain-notes.ts';

/**
 * Images of disks of a guest that runs on. The top of each chain is copied to a delta until the copy
 * is in step; with the guest's file systems at rest all copies are ended at once; and what was copied
 * then becomes a flat image. The domain keeps its own disks all the while, and its definition where its
 * libvirt copies disks of persistent domains.
 */
export const liveSnapshot = liveSnapshotSetup.createMachine({
  id: 'liveSnapshot',
  version: '2',
  description: 'Images are taken of disks of a guest that runs on.',
  context: ({ input }) => ({ ...input, ...nothingYet, ...beforeLiveSnapshot }),
  output: ({ event }) => event.output as LiveSnapshotOutput,
  initial: 'gathering',
  states: {
    gathering: gathering<typeof factsRequest, LiveSnapshotFacts>(
      factsRequest,
      'virDomainGetXMLDesc, qemu-img info',
    ),
    checking: checking(liveSnapshotCheckNames),
    claiming,
    working: {
      id: 'working',
      description: 'The guest runs on, and is watched until the copies have ended.',
      entry: 'beginCopies',
      initial: 'copying',
      invoke: {
        id: 'watchDomain',
        src: 'watchDomain',
        input: onHost,
        // What is under way is answered first, as after an abort.
        onError: { actions: recordsFailure },
      },
      on: {
        'abort.requested': { actions: 'recordAbort' },
        'blockJob.ready': notesJob,
        'blockJob.completed': notesJob,
        'blockJob.failed': notesJob,
        'blockJob.canceled': notesJob,
        'domain.seen': notesGuest,
        'domain.resumed': notesGuest,
        'domain.suspended': notesGuest,
        'domain.stopped': notesGuest,
        'connection.lost': { actions: 'noteUnheard' },
        'connection.regained': { actions: 'noteUnheard' },
      },
      states: {
        copying,
        quiescing,
        ending,
        mending: mending('#thawing'),
        // With the guest ends what was frozen.
        thawing: thawing('#unquiesced', [{ guard: 'isThawed', target: '#unquiesced' }]),
        unquiesced,
        defining: defining({ src: 'dropCopies', input: copiesOnHost }, '#settling'),
        settling,
      },
    },
    writing,
    naming,
    undoing,
    tidying,
    concluding: {
      id: 'concluding',
      description: 'All is done that can be; is the guest as it was?',
      always: [
        { guard: 'isUnseen', target: 'needsOperator', actions: 'recordUnseen' },
        { guard: 'isLeftFrozen', target: 'thawingLast' },
        { guard: 'holdsJobs', target: 'needsOperator', actions: 'recordJobLeft' },
        { guard: 'hasFailure', target: 'releasing', actions: noteEnding('rolledBack') },
        { target: 'releasing', actions: noteEnding('completed') },
      ],
    },
    thawingLast: thawingLast<typeof guestAsk, Thawed>(guestAsk),
    releasing,
    released,
    completed: ended(
      'completed',
      'Every image is whole and has its name; the guest runs with its own disks.',
      liveSnapshotResult,
    ),
    refused: ended('refused', 'Nothing was touched.', liveSnapshotResult),
    rolledBack: ended(
      'rolledBack',
      'There is no image; the guest runs with its own disks, or ended by itself.',
      liveSnapshotResult,
    ),
    needsOperator: needsOperator(
      'The guest may still be frozen, its daemon has lost it, or takes its disks for copied yet.',
      liveSnapshotResult,
    ),
  },
});
