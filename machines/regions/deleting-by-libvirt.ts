import type { MergeLook } from '../policy/snapshot-delete/looks.ts';
import { deletionRequest, lookRequest } from '../policy/snapshot-delete/requests.ts';
import { recordsFailure } from './one-host-frame.ts';

const lookOf = ({ event }: { readonly event: { readonly output: MergeLook } }) => ({
  look: event.output,
});

/** One call, which nobody can call off. */
export const deleting = {
  id: 'deleting',
  description: 'libvirt takes the snapshot away, with its files or the metadata alone.',
  meta: { call: 'virDomainSnapshotDelete' },
  invoke: {
    id: 'deleteSnapshot',
    src: 'deleteSnapshot',
    input: deletionRequest,
    onDone: 'inspecting',
    onError: { target: 'inspecting', actions: recordsFailure },
  },
} as const;

/** Whatever was answered: libvirt was seen to leave snapshots half deleted, and to merge disks unsaid. */
export const inspecting = {
  description: 'What became of the snapshot, and of each disk?',
  initial: 'looking',
  after: {
    peerWait: [
      { guard: 'isLate', target: 'inspecting', reenter: true },
      // For as long as libvirt is seen at work it is waited for.
      { guard: 'isDeleting', target: 'inspecting', reenter: true },
      { target: '#needsOperator', actions: 'recordSilent' },
    ],
  },
  states: {
    looking: {
      description: 'The host is asked for chains, jobs and snapshots.',
      meta: { call: 'virDomainGetXMLDesc, virDomainListAllSnapshots' },
      invoke: {
        id: 'lookAfterDeletion',
        src: 'lookAtMerges',
        input: lookRequest,
        onDone: { target: 'judging', actions: { type: 'noteLook', params: lookOf } },
        onError: 'waiting',
      },
    },
    judging: {
      description: 'What libvirt has left half done is gone on with.',
      always: [
        { guard: 'isDeleting', target: 'waiting' },
        { guard: 'isAstray', target: '#securing', actions: 'recordAstray' },
        { guard: 'isGoneWhole', target: '#concluding', actions: 'noteAllRemoved' },
        { guard: 'isGone', target: '#removing', actions: 'dropFailure' },
        { guard: 'hasMerged', target: '#finalising', actions: 'dropFailure' },
        { target: '#concluding', actions: 'recordKept' },
      ],
    },
    waiting: {
      description: 'The host does not answer, or libvirt is still at it.',
      after: { askAgain: 'looking' },
    },
  },
} as const;
