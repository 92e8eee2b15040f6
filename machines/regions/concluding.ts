import {
  copiesOnSource,
  onBoth,
  onDestination,
  onSource,
  remains,
  unwantedVolumes,
} from '../policy/migration/live-migration-inputs.ts';
import { lookOf } from '../policy/domain-on-host.ts';
import { errorOf } from './event-params.ts';

const removedOf = ({ event }: { event: { output: { removed: readonly string[] } } }) =>
  event.output;

const endsCompleted = { type: 'noteEnding', params: { ending: 'completed' } } as const;

const concludeLate = [
  // Guest and definitions are where they belong; only a disk that nobody needs could not go.
  {
    guard: remains('sourceDisks'),
    target: '#liveMigration.releasing',
    actions: [{ type: 'recordSourceDisks', params: { removed: [] } }, endsCompleted],
  },
  { target: '#liveMigration.needsOperator', actions: 'recordUnsettled' },
] as const;

/** What has to be true on both hosts once the guest has moved. */
export const concluding = {
  description: 'The guest has moved. What is left to do is done going forward.',
  tags: ['pointOfNoReturn'],
  initial: 'verifying',
  after: {
    peerWait: [
      { guard: 'isLate', target: '#liveMigration.concluding', reenter: true },
      ...concludeLate,
    ],
  },
  states: {
    verifying: {
      description: 'Does it run there, is it gone here, and is each definition where it belongs?',
      meta: { call: 'virDomainGetState, virDomainIsPersistent on both hosts' },
      invoke: {
        id: 'verify',
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
      description: 'One thing at a time, and looked at again after each.',
      always: [
        {
          guard: remains('nothing'),
          target: '#liveMigration.releasing',
          actions: endsCompleted,
        },
        { guard: remains('destinationDefinition'), target: 'persistingOnDestination' },
        { guard: 'mustCompare', target: 'comparing' },
        { guard: remains('sourceDefinition'), target: 'undefiningOnSource' },
        { guard: remains('sourceDisks'), target: 'removingSourceDisks' },
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
    comparing: {
      description: 'Are the disks on the source, which go next, still those that were copied?',
      meta: { call: 'virStorageVolGetXMLDesc' },
      invoke: {
        id: 'compare',
        src: 'compareCopies',
        input: copiesOnSource,
        onDone: { target: 'deciding', actions: 'noteCompared' },
        onError: [
          {
            guard: { type: 'sawChange', params: errorOf },
            target: '#liveMigration.needsOperator',
            actions: { type: 'recordStaleCopy', params: errorOf },
          },
          { target: 'waiting' },
        ],
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
    removingSourceDisks: {
      description: "The guest is safe: the source's copies of its disks go, as was asked.",
      meta: { call: 'virStorageVolDelete' },
      invoke: {
        id: 'removeSourceDisks',
        src: 'removeVolumes',
        input: unwantedVolumes,
        onDone: {
          target: 'deciding',
          actions: { type: 'recordSourceDisks', params: removedOf },
        },
        // The guest has what it needs; what is left over is told.
        onError: {
          target: 'deciding',
          actions: { type: 'recordSourceDisks', params: { removed: [] } },
        },
      },
    },
    waiting: {
      description: 'A host does not answer, or is not ready yet.',
      after: { askAgain: 'verifying' },
    },
  },
} as const;
