import type { Persisted } from '../policy/volume-swap/requests.ts';
import { mending } from './undefined-meanwhile.ts';
import { persistRequest, pivotRequest, swapsOnHost } from '../policy/volume-swap/requests.ts';
import { errorOf } from './event-params.ts';
import { lookOf } from './swap-look-of.ts';

const answerOf = ({
  event,
}: {
  readonly event: { readonly output: { readonly how: 'ended' | 'noJob' } };
}) => event.output;

const persistedOf = ({ event }: { readonly event: { readonly output: Persisted } }) => event.output;

/** The guest goes on with its new volumes, disk by disk. Whatever is in doubt, the live XML decides. */
export const pivoting = {
  id: 'pivoting',
  description:
    'All are in step: the guest goes on with the copies; from the first that it has there is only forward.',
  initial: 'choosing',
  after: {
    peerWait: [
      { guard: 'isLate', target: '#pivoting', reenter: true },
      { guard: 'isUnswapped', target: '#defining', actions: 'recordNotPivoted' },
      { guard: 'isUndefined', target: '#defining' },
      { target: '#needsOperator', actions: 'recordUndecided' },
    ],
  },
  states: {
    choosing: {
      description: 'In the order of the request; what is known of each disk decides.',
      always: [
        { guard: 'mustDefine', target: '#defining' },
        { guard: 'isUndecided', target: '#needsOperator', actions: 'recordUndecided' },
        { guard: 'allPivoted', target: '#persisting' },
        { guard: 'mustLook', target: 'mending' },
        { guard: 'isInDoubt', target: 'waiting' },
        { guard: 'hasReady', target: 'asking', actions: 'expectPivot' },
        { guard: 'isHalf', target: '#persisting' },
        { guard: 'hasLost', target: '#defining', actions: 'recordLost' },
        { target: 'waiting' },
      ],
    },
    mending: mending('#inspecting'),
    asking: {
      description: 'QEMU drains the copy, and the guest goes on with it.',
      meta: { call: 'virDomainBlockJobAbort PIVOT', novaTaskState: 'swap_volume' },
      invoke: {
        id: 'pivotSwap',
        src: 'pivotSwap',
        input: pivotRequest,
        onDone: [
          {
            guard: { type: 'hasNoJob', params: answerOf },
            target: 'choosing',
            actions: 'noteNoJob',
          },
          { target: 'choosing', actions: 'notePivoted' },
        ],
        onError: [
          {
            guard: { type: 'didNothing', params: errorOf },
            target: 'waiting',
            actions: 'noteNotPivoted',
          },
          { target: 'choosing', actions: 'notePivotUnheard' },
        ],
      },
    },
    waiting: {
      description: 'It was refused, and the copy stands: it is asked for again.',
      after: { askAgain: 'inspecting' },
    },
    inspecting: {
      id: 'inspecting',
      description: 'Which volume does the guest have, and is the other one still in step?',
      meta: { call: 'virDomainGetXMLDesc' },
      invoke: {
        id: 'inspectSwaps',
        src: 'lookAtSwaps',
        input: swapsOnHost,
        onDone: { target: 'choosing', actions: { type: 'noteLook', params: lookOf } },
        onError: 'waiting',
      },
    },
  },
} as const;

const changing = {
  src: 'persistSwap',
  input: persistRequest,
  onDone: {
    target: '#persistingNext',
    actions: { type: 'notePersisted', params: persistedOf },
  },
} as const;
const startedMeanwhile = {
  guard: { type: 'wasStarted', params: errorOf },
  target: '#cancelling',
  actions: 'recordStarted',
} as const;

/** Live and persistent definition may differ: of the persistent one that disk alone is changed. */
export const persisting = {
  id: 'persisting',
  description: 'The next start takes the new volumes, too; nothing else of the definition changes.',
  initial: 'choosing',
  after: {
    peerWait: [
      { guard: 'isLate', target: '#persisting', reenter: true },
      { guard: 'isUnchanged', target: '#cancelling', actions: 'recordSilent' },
      { guard: 'isUnsettled', target: '#needsOperator', actions: 'recordUntold' },
      { target: '#needsOperator', actions: 'recordUnpersisted' },
    ],
  },
  states: {
    choosing: {
      id: 'persistingNext',
      description: 'Disk by disk; libvirt itself has mostly done so.',
      always: [
        { guard: 'isUnsettled', target: 'first' },
        { guard: 'hasNextToPersist', target: 'asking' },
        { guard: 'isHalf', target: '#needsOperator', actions: 'recordPartly' },
        { guard: 'isUnseen', target: '#needsOperator', actions: 'recordUnseen' },
        { target: '#swapped' },
      ],
    },
    first: {
      description: 'Of a guest that is off the definition alone says which volume is the disk.',
      initial: 'asking',
      states: {
        asking: {
          description: 'Until its answer nothing is settled.',
          entry: 'expectChange',
          meta: { call: 'virDomainDefineXML' },
          invoke: {
            id: 'persistFirst',
            ...changing,
            onError: [
              startedMeanwhile,
              {
                guard: { type: 'didNothing', params: errorOf },
                target: 'waiting',
                actions: 'noteUnchanged',
              },
              { target: 'waiting', actions: 'noteChangeUntold' },
            ],
          },
        },
        waiting: {
          description: 'The host does not answer, or refuses for now.',
          after: { askAgain: 'asking' },
        },
      },
    },
    asking: {
      description: 'Done again, it is the same.',
      tags: ['pointOfNoReturn'],
      meta: { call: 'virDomainDefineXML' },
      invoke: {
        id: 'persistSwap',
        ...changing,
        onError: [
          {
            guard: { type: 'wasStartedOnOld', params: errorOf },
            target: '#needsOperator',
            actions: 'recordStaleStart',
          },
          {
            guard: { type: 'wasStarted', params: errorOf },
            target: '#needsOperator',
            actions: 'recordPartly',
          },
          { target: 'waiting' },
        ],
      },
    },
    waiting: {
      description: 'The host does not answer, or refuses for now.',
      tags: ['pointOfNoReturn'],
      after: { askAgain: 'asking' },
    },
  },
} as const;
