import { nothingYet, onHost } from './policy/one-host/one-host.ts';
import { snapshotDeleteCheckNames } from './policy/snapshot-delete/checks.ts';
import { factsRequest } from './policy/snapshot-delete/requests.ts';
import type { SnapshotDeleteFacts } from './policy/snapshot-delete/snapshot-delete.ts';
import {
  beforeSnapshotDelete,
  snapshotDeleteResult,
} from './policy/snapshot-delete/snapshot-delete.ts';
import { deleting, inspecting } from './regions/deleting-by-libvirt.ts';
import { dropping, mending, removing, securing } from './regions/after-merging.ts';
import { cancelling } from './regions/cancelling-merges.ts';
import { finalising, preparing, turning } from './regions/merging-disks.ts';
import {
  checking,
  claiming,
  ended,
  gathering,
  needsOperator,
  noteEnding,
  released,
  releasing,
} from './regions/one-host-frame.ts';
import type { SnapshotDeleteOutput } from './snapshot-delete.setup.ts';
import { snapshotDeleteSetup } from './snapshot-delete.setup.ts';
import { notesGuest, notesJob } from './regions/domain-notes.ts';

/**
 * Takes a snapshot away, or layers out of a disk's chain. libvirt does it where it can and does no harm;
 * else layers are merged by jobs of our own: every disk is prepared, and then one after the other is
 * finalised. What was interrupted, by us or in libvirt, is gone on with by asking for the same again.
 */
export const snapshotDelete = snapshotDeleteSetup.createMachine({
  id: 'snapshotDelete',
  version: '3',
  description: 'A snapshot goes, or layers of a disk become one.',
  context: ({ input }) => ({ ...input, ...nothingYet, ...beforeSnapshotDelete }),
  output: ({ event }) => event.output as SnapshotDeleteOutput,
  initial: 'gathering',
  states: {
    gathering: gathering<typeof factsRequest, SnapshotDeleteFacts>(
      factsRequest,
      'virDomainGetXMLDesc, virDomainListAllSnapshots, qemu-img info',
    ),
    checking: checking(snapshotDeleteCheckNames),
    claiming,
    working: {
      id: 'working',
      description: 'The domain is watched for as long as anything is done to its disks.',
      entry: 'beginWork',
      initial: 'choosing',
      invoke: {
        id: 'watchDomain',
        src: 'watchDomain',
        input: onHost,
        // The looks tell the same, if later.
        onError: { actions: 'noteUnheard' },
      },
      on: {
        'blockJob.ready': notesJob,
        'blockJob.completed': notesJob,
        'blockJob.failed': notesJob,
        'blockJob.canceled': notesJob,
        'domain.started': notesGuest,
        'domain.stopped': notesGuest,
        'connection.lost': { actions: 'noteUnheard' },
        'connection.regained': { actions: 'noteUnheard' },
      },
      states: {
        choosing: {
          description: 'Who does it was decided with the checks.',
          always: [{ guard: 'isMerge', target: 'preparing' }, { target: 'deleting' }],
        },
        deleting,
        inspecting,
        preparing,
        turning,
        finalising,
        cancelling,
        mending,
        dropping,
        removing,
        securing,
      },
    },
    concluding: {
      id: 'concluding',
      description: 'All is done that can be; is anything of ours left, or half done?',
      always: [
        { guard: 'holdsJobs', target: 'needsOperator', actions: 'recordJobLeft' },
        { guard: 'isHalf', target: 'needsOperator' },
        { guard: 'hasFailure', target: 'releasing', actions: noteEnding('rolledBack') },
        { target: 'releasing', actions: noteEnding('completed') },
      ],
    },
    releasing,
    released,
    completed: ended(
      'completed',
      'What was asked for is gone; the guest has all its data.',
      snapshotDeleteResult,
    ),
    refused: ended('refused', 'Nothing was touched.', snapshotDeleteResult),
    rolledBack: ended(
      'rolledBack',
      'The guest has the layers that it had before.',
      snapshotDeleteResult,
    ),
    needsOperator: needsOperator(
      'Some disks are merged and others cannot be, a job cannot be ended, or its daemon has lost the guest.',
      snapshotDeleteResult,
    ),
  },
});
