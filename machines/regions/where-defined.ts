import { lookOf, onBoth, onDestination } from '../policy/domain-on-host.ts';
import { copiesInput } from '../policy/migration/offline-context.ts';
import { errorOf } from './event-params.ts';

const noteFailure = { type: 'recordFailure', params: errorOf } as const;

/** How a move of a definition ends: not by what was answered, but by what stands there. */
export const whereDefined = {
  description: 'Where is it defined? Only the destination itself can say.',
  initial: 'looking',
  after: {
    peerWait: [
      { guard: 'isLate', target: 'uncertain', reenter: true },
      { target: 'needsOperator' },
    ],
  },
  states: {
    looking: {
      description: 'Both hosts are asked.',
      meta: { call: 'virDomainLookupByUUID on both hosts' },
      invoke: {
        id: 'look',
        src: 'inspectPeers',
        input: onBoth,
        onDone: [
          {
            guard: { type: 'isDefinedThere', params: lookOf },
            target: 'comparing',
            actions: [{ type: 'noteLook', params: lookOf }, 'forgiveFailure'],
          },
          {
            guard: { type: 'isHalfThere', params: lookOf },
            target: 'forgetting',
            actions: { type: 'noteLook', params: lookOf },
          },
          {
            guard: { type: 'isAbsentThere', params: lookOf },
            target: '#offlineMigration.rolledBack',
            actions: { type: 'noteLook', params: lookOf },
          },
          { target: 'waiting', actions: { type: 'noteLook', params: lookOf } },
        ],
        onError: 'waiting',
      },
    },
    comparing: {
      description:
        'It is defined there. Are the disks on the source, which go next, still those that were copied?',
      tags: ['pointOfNoReturn'],
      meta: { call: 'virStorageVolGetXMLDesc' },
      invoke: {
        id: 'compare',
        src: 'compareCopies',
        input: copiesInput,
        onDone: '#offlineMigration.completed',
        onError: [
          {
            guard: { type: 'sawChange', params: errorOf },
            target: '#offlineMigration.needsOperator',
            actions: noteFailure,
          },
          // Whoever could not compare may yet.
          { target: 'waiting', actions: noteFailure },
        ],
      },
    },
    forgetting: {
      description: 'What Prepare made and Finish has not written is taken away again.',
      tags: ['rollingBack'],
      meta: {
        call: 'virDomainMigrateFinish3Params, cancelled',
        source: 'libvirt leaves what Prepare made when its client goes away',
      },
      invoke: {
        id: 'forget',
        src: 'forgetHalfMoved',
        input: onDestination,
        onDone: 'looking',
        onError: 'waiting',
      },
    },
    waiting: {
      description: 'A host does not answer, and its answer decides.',
      after: { askAgain: 'looking' },
    },
  },
} as const;
