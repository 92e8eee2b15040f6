import { madeVolumes, onBoth, onDestination } from '../policy/migration/live-migration-inputs.ts';
import { lookOf } from '../policy/domain-on-host.ts';

const removedOf = ({ event }: { event: { output: { removed: readonly string[] } } }) =>
  event.output;

/** What the run made on the destination goes, and nothing else. */
export const cleaningUp = {
  description: 'The guest stays with the source. What the run made on the destination goes.',
  tags: ['rollingBack'],
  initial: 'choosing',
  after: {
    peerWait: [
      { guard: 'isLate', target: '#liveMigration.cleaningUp', reenter: true },
      {
        target: 'cleanedUp',
        actions: [{ type: 'markVolumes', params: { status: 'left' } }, 'recordRemainderLeft'],
      },
    ],
  },
  states: {
    choosing: {
      description: 'A destination that never got as far as PREPARE holds nothing of this run.',
      always: [
        { guard: 'preparedNothing', target: '#liveMigration.cleanedUp' },
        { target: 'looking' },
      ],
    },
    looking: {
      description: 'What does the destination still hold?',
      meta: { call: 'virDomainGetState' },
      invoke: {
        id: 'lookForRemains',
        src: 'inspectPeers',
        input: onBoth,
        onDone: {
          target: 'deciding',
          actions: { type: 'noteLook', params: lookOf },
        },
        onError: 'waiting',
      },
    },
    deciding: {
      description: 'Only what the record of this run names is ever removed.',
      always: [
        { guard: 'destinationIsSilent', target: 'waiting' },
        // Our migration is over: what the destination holds may be of the next one.
        { guard: 'sourceMigratesAgain', target: 'waiting' },
        {
          guard: 'destinationHoldsGuest',
          target: '#liveMigration.needsOperator',
          actions: 'recordCopyLeft',
        },
        { guard: 'destinationHoldsIncoming', target: 'endingIncoming' },
        { guard: 'hasMadeVolumes', target: 'removingVolumes' },
        { target: '#liveMigration.cleanedUp' },
      ],
    },
    endingIncoming: {
      description: 'A QEMU that waits on the destination must not run any more.',
      meta: { call: 'virDomainDestroy' },
      invoke: {
        id: 'endIncoming',
        src: 'destroyIncoming',
        input: onDestination,
        onDone: 'looking',
        onError: 'waiting',
      },
    },
    removingVolumes: {
      description: 'The disks that libvirt created there for this migration are deleted.',
      meta: { call: 'virStorageVolDelete', source: 'libvirt leaves pre-created disks behind' },
      invoke: {
        id: 'removeVolumes',
        src: 'removeVolumes',
        input: madeVolumes,
        onDone: {
          target: '#liveMigration.cleanedUp',
          actions: { type: 'recordRemoved', params: removedOf },
        },
        onError: 'waiting',
      },
    },
    waiting: {
      description:
        'The destination does not answer yet or still holds the disk, or another migration has begun.',
      after: { askAgain: 'looking' },
    },
  },
} as const;
