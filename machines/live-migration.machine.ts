import type { LiveMigrationOutput } from './live-migration.setup.ts';
import {
  childSays,
  endedAs,
  failureOf,
  guestIsGone,
  liveMigrationSetup,
  madeVolumes,
  objects,
  onBoth,
  onDestination,
  onSource,
  remains,
  reportOfChild,
} from './live-migration.setup.ts';
import {
  beforeAnything,
  requestOf,
  resultOf,
  toPeer2peerInput,
} from './policy/live-migration-context.ts';
import { migrationCheckNames } from './policy/migration-checks.ts';

/**
 * A live migration from the first look to the last: prechecks, the protocol as a child machine,
 * and whatever has to be true on both hosts afterwards.
 */
export const liveMigration = liveMigrationSetup.createMachine({
  id: 'liveMigration',
  version: '1',
  description: 'Moves a running guest to another host, or leaves it exactly as it was.',
  context: ({ input }) => beforeAnything(input),
  output: ({ event }) => event.output as LiveMigrationOutput,
  initial: 'gathering',
  states: {
    gathering: {
      description: 'Both hosts are asked for everything that the prechecks judge.',
      tags: ['abortable'],
      meta: { call: 'virDomainGetXMLDesc and reads on both hosts', novaTaskState: 'migrating' },
      on: { 'abort.requested': { target: 'rolledBack', actions: 'recordAbort' } },
      invoke: {
        id: 'gather',
        src: 'gatherFacts',
        input: ({ context }) => requestOf(context),
        onDone: {
          target: 'checking',
          actions: { type: 'noteFacts', params: ({ event }) => ({ facts: event.output }) },
        },
        onError: {
          target: 'refused',
          actions: { type: 'recordFailure', params: failureOf },
        },
      },
    },
    checking: {
      description: 'Every precheck is a guard of its own; one objection is enough.',
      always: [
        ...migrationCheckNames.map(
          (check) =>
            ({ guard: objects(check), target: 'refused', actions: 'recordRefusal' }) as const,
        ),
        { target: 'migrating', actions: 'recordExpectedVolumes' },
      ],
    },
    migrating: {
      description: 'The protocol moves the guest and says where it runs in the end.',
      on: { 'abort.requested': { actions: 'passAbortOn' } },
      invoke: {
        id: 'protocol',
        src: 'peer2peerMigration',
        input: ({ context }) => toPeer2peerInput(context),
        onDone: [
          {
            guard: endedAs('completed'),
            target: 'concluding',
            actions: [{ type: 'noteReport', params: reportOfChild }, 'recordSuccess'],
          },
          {
            guard: endedAs('rolledBack'),
            target: 'cleaningUp',
            actions: { type: 'noteReport', params: reportOfChild },
          },
          {
            guard: childSays('guestGone'),
            target: 'cleaningUp',
            actions: { type: 'noteReport', params: reportOfChild },
          },
          { target: 'needsOperator', actions: { type: 'noteReport', params: reportOfChild } },
        ],
        onError: {
          target: 'needsOperator',
          actions: { type: 'recordFailure', params: failureOf },
        },
      },
    },
    concluding: {
      description: 'The guest has moved. What is left to do is done going forward.',
      tags: ['pointOfNoReturn'],
      initial: 'verifying',
      after: { peerWait: { target: 'needsOperator', actions: 'recordUnsettled' } },
      states: {
        verifying: {
          description:
            'Does it run there, is it gone here, and is each definition where it belongs?',
          meta: { call: 'virDomainGetState, virDomainIsPersistent on both hosts' },
          invoke: {
            id: 'verify',
            src: 'inspectPeers',
            input: onBoth,
            onDone: {
              target: 'deciding',
              actions: { type: 'noteLook', params: ({ event }) => ({ peers: event.output }) },
            },
            onError: 'waiting',
          },
        },
        deciding: {
          description: 'One thing at a time, and looked at again after each.',
          always: [
            { guard: remains('nothing'), target: '#liveMigration.completed' },
            { guard: remains('destinationDefinition'), target: 'persistingOnDestination' },
            { guard: remains('sourceDefinition'), target: 'undefiningOnSource' },
            { target: 'waiting' },
          ],
        },
        persistingOnDestination: {
          description: 'It was persistent before: its definition is written on the destination.',
          meta: { call: 'virDomainDefineXML' },
          invoke: {
            id: 'persist',
            src: 'persistOnDestination',
            input: onDestination,
            onDone: 'verifying',
            onError: 'waiting',
          },
        },
        undefiningOnSource: {
          description: 'The definition stands on the destination; the one here is taken away.',
          meta: { call: 'virDomainUndefineFlags' },
          invoke: {
            id: 'undefine',
            src: 'undefineOnSource',
            input: onSource,
            onDone: 'verifying',
            onError: 'waiting',
          },
        },
        waiting: {
          description: 'A host does not answer, or is not ready yet.',
          after: { askAgain: 'verifying' },
        },
      },
    },
    cleaningUp: {
      description: 'The guest stays with the source. What the run made on the destination goes.',
      tags: ['rollingBack'],
      initial: 'choosing',
      after: {
        peerWait: {
          target: 'cleanedUp',
          actions: { type: 'markVolumes', params: { status: 'left' } },
        },
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
              actions: { type: 'noteLook', params: ({ event }) => ({ peers: event.output }) },
            },
            onError: 'waiting',
          },
        },
        deciding: {
          description: 'Only what the record of this run names is ever removed.',
          always: [
            { guard: 'destinationIsSilent', target: 'waiting' },
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
              actions: { type: 'recordRemoved', params: ({ event }) => event.output },
            },
            onError: 'waiting',
          },
        },
        waiting: {
          description: 'The destination does not answer yet, or still holds the disk.',
          after: { askAgain: 'looking' },
        },
      },
    },
    cleanedUp: {
      description:
        'Nothing of the run is left, or it is told; the guest is what it was, or has ended.',
      always: [{ guard: guestIsGone, target: 'needsOperator' }, { target: 'rolledBack' }],
    },
    completed: {
      type: 'final',
      description: 'The guest runs on the destination, defined as it was before.',
      output: ({ context }) => ({ outcome: 'completed', ...resultOf(context) }),
    },
    refused: {
      type: 'final',
      description: 'A precheck said no; nothing was touched.',
      output: ({ context }) => ({ outcome: 'refused', ...resultOf(context) }),
    },
    rolledBack: {
      type: 'final',
      description: 'The guest is on the source as it was before.',
      output: ({ context }) => ({ outcome: 'rolledBack', ...resultOf(context) }),
    },
    needsOperator: {
      type: 'final',
      tags: ['waitingForOperator'],
      description: 'No program can know or act; the result says what each host holds.',
      output: ({ context }) => ({ outcome: 'needsOperator', ...resultOf(context) }),
    },
  },
});
