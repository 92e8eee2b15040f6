import { nothingYet, onHost } from './policy/one-host/one-host.ts';
import type { SnapshotRevertFacts } from './policy/snapshot-revert/snapshot-revert.ts';
import {
  beforeSnapshotRevert,
  snapshotRevertResult,
} from './policy/snapshot-revert/snapshot-revert.ts';
import { snapshotRevertCheckNames } from './policy/snapshot-revert/checks.ts';
import { leftFilesRequest, revertFactsRequest } from './policy/snapshot-revert/requests.ts';
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
import { checkingKept, keeping, standing } from './regions/revert-keeping.ts';
import { discarding, goingBack, looking, reclaiming, reverting } from './regions/reverting.ts';
import { removedOf, tidyingFiles } from './regions/tidying-files.ts';
import type { SnapshotRevertOutput } from './snapshot-revert.setup.ts';
import { snapshotRevertSetup } from './snapshot-revert.setup.ts';
import { whenOf } from './regions/domain-notes.ts';

/**
 * A domain goes back to one of its snapshots, internal or external. libvirt ends its QEMU first of all,
 * and leaves it down where it fails: so the present state is kept as a snapshot until the revert was
 * seen to be whole, and is what a failed one goes back to.
 */
export const snapshotRevert = snapshotRevertSetup.createMachine({
  id: 'snapshotRevert',
  version: '1',
  description: 'A domain goes back to one of its snapshots.',
  context: ({ input }) => ({ ...input, ...nothingYet, ...beforeSnapshotRevert }),
  output: ({ event }) => event.output as SnapshotRevertOutput,
  initial: 'gathering',
  states: {
    gathering: gathering<typeof revertFactsRequest, SnapshotRevertFacts>(
      revertFactsRequest,
      'virDomainGetXMLDesc, virDomainListAllSnapshots',
    ),
    checking: checking(snapshotRevertCheckNames),
    claiming,
    working: {
      id: 'working',
      description: 'The guest is watched until it is known where it stands.',
      initial: 'choosing',
      invoke: {
        id: 'watchDomain',
        src: 'watchDomain',
        input: onHost,
        // What it would have told is the outage, and one sign of several.
        onError: { actions: 'noteUnwatched' },
      },
      on: {
        'domain.suspended': { actions: { type: 'noteStands', params: whenOf } },
        'domain.stopped': { actions: { type: 'noteStopped', params: whenOf } },
        'domain.resumed': { actions: { type: 'noteRuns', params: whenOf } },
        'connection.lost': { actions: 'noteUnwatched' },
      },
      states: {
        choosing: {
          description: 'Is the present state to be kept?',
          always: [
            { guard: 'keepsBefore', target: 'keeping', actions: 'expectKept' },
            { target: 'standing' },
          ],
        },
        keeping,
        checkingKept,
        standing,
        deciding: {
          id: 'deciding',
          description: 'The last moment for an abort: nothing but the snapshot was made so far.',
          always: [{ guard: 'isAborted', target: 'discarding' }, { target: 'reverting' }],
        },
        reverting,
        looking,
        goingBack,
        reclaiming,
        discarding,
      },
    },
    tidying: tidyingFiles(
      'Files of a snapshot, or of a revert, that did not come to its end go.',
      leftFilesRequest,
      { type: 'noteFilesRemoved', params: removedOf } as const,
    ),
    concluding: {
      id: 'concluding',
      description: 'All is done that can be.',
      always: [
        { guard: 'hasFailure', target: 'releasing', actions: noteEnding('rolledBack') },
        { target: 'releasing', actions: noteEnding('completed') },
      ],
    },
    releasing,
    released,
    completed: ended('completed', 'The domain is as the snapshot has it.', snapshotRevertResult),
    refused: ended('refused', 'Nothing was touched.', snapshotRevertResult),
    rolledBack: ended('rolledBack', 'The domain is as it was before.', snapshotRevertResult),
    needsOperator: needsOperator(
      'The domain is neither reverted nor back, or nobody can say.',
      snapshotRevertResult,
    ),
  },
});
