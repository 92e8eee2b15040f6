import type { MergeLook } from '../policy/snapshot-delete/looks.ts';
import {
  conclusionRequest,
  lookRequest,
  mergeRequest,
} from '../policy/snapshot-delete/requests.ts';
import { errorOf } from './event-params.ts';

const lookOf = ({ event }: { readonly event: { readonly output: MergeLook } }) => ({
  look: event.output,
});
const answerOf = ({
  event,
}: {
  readonly event: { readonly output: { readonly how: 'ended' | 'noJob' } };
}) => event.output;
const notesLook = { type: 'noteLook', params: lookOf } as const;
const notesSetback = { type: 'noteSetback', params: errorOf } as const;
const notesDoubt = { type: 'noteDoubt', params: errorOf } as const;

type Guard =
  | 'allMerged'
  | 'allPrepared'
  | 'concludesOffline'
  | 'hasFailure'
  | 'hasLost'
  | 'hasMerged'
  | 'hasReady'
  | 'hasWaiting'
  | 'isAstray'
  | 'isWorn'
  | 'mergesOffline'
  | 'mustLook';
type Action =
  | 'dropFailure'
  | 'expectConclusion'
  | 'expectMerge'
  | 'recordAstray'
  | 'recordHalf'
  | 'recordSetback';
interface Rule {
  readonly guard: Guard;
  readonly target: string;
  readonly actions?: Action;
}

interface Stage {
  /** Of the invokes: no two in a chart have the same id. */
  readonly name: 'Prepared' | 'Turned' | 'Finalised';
  /** Before the first disk is merged all can be called off; afterwards there is only forward. */
  readonly choosing: readonly Rule[];
  /** Those of them that an event can make true: a look, or an answer, leads to the choice itself. */
  readonly awaiting: readonly Rule[];
  readonly onSilence: string;
  readonly onStall: string;
  readonly stallAction: 'recordStalled' | 'recordHalf';
}

/** After anything that is not certain, and where nothing was told for a while. */
const asking = ({ name, onSilence, onStall, stallAction }: Stage) =>
  ({
    description:
      'A merge that is not told of may have ended: the chains of the disks are looked at.',
    initial: 'looking',
    after: {
      peerWait: [
        { guard: 'isLate', target: 'asking', reenter: true },
        { target: onSilence, actions: 'recordSilent' },
      ],
    },
    states: {
      looking: {
        description: 'The host is asked for chains, jobs and snapshots.',
        meta: { call: 'virDomainGetXMLDesc, virDomainGetBlockJobInfo' },
        invoke: {
          id: `look${name}`,
          src: 'lookAtMerges',
          input: lookRequest,
          onDone: [
            {
              guard: { type: 'isStalled', params: lookOf },
              target: onStall,
              actions: [notesLook, stallAction],
            },
            { target: `#choosing${name}`, actions: notesLook },
          ],
          onError: 'silent',
        },
      },
      silent: {
        description: 'The host does not answer; the merges may well go on.',
        after: { askAgain: 'looking' },
      },
    },
  }) as const;

const astray: Rule = { guard: 'isAstray', target: '#securing', actions: 'recordAstray' };
const looks: Rule = { guard: 'mustLook', target: 'asking' };
const begins: readonly Rule[] = [
  { guard: 'mergesOffline', target: 'mergingOffline', actions: 'expectMerge' },
  { guard: 'hasWaiting', target: 'beginning', actions: 'expectMerge' },
];

/** Disks of a guest that runs are merged by QEMU, all at the same time; else by qemu-img, one by one. */
function merging(stage: Stage) {
  const { name } = stage;
  return {
    choosing: {
      description: 'What is to be done next, by what is known of the disks.',
      always: [astray, ...stage.choosing, { target: 'awaiting' }],
    },
    beginning: {
      description: 'QEMU is asked to merge the layers of the next disk.',
      meta: { call: 'virDomainBlockCommit, or virDomainBlockPull' },
      invoke: {
        id: `beginMerge${name}`,
        src: 'beginMerge',
        input: mergeRequest,
        onDone: { target: 'choosing', actions: 'noteBegun' },
        onError: [
          {
            guard: { type: 'didNothing', params: errorOf },
            target: 'choosing',
            actions: notesSetback,
          },
          { target: 'choosing', actions: [notesDoubt, 'noteBegun'] },
        ],
      },
    },
    mergingOffline: {
      description:
        'The domain is shut off: qemu-img merges, and keeps it from being started meanwhile by its locks.',
      meta: { call: 'qemu-img commit, or qemu-img rebase' },
      invoke: {
        id: `mergeOffline${name}`,
        src: 'mergeOffline',
        input: mergeRequest,
        onDone: { target: 'choosing', actions: 'noteMergedOffline' },
        onError: { target: 'choosing', actions: [notesSetback, notesDoubt] },
      },
    },
    awaiting: {
      description: 'QEMU tells when a merge is in step with the guest, or has ended.',
      meta: { call: 'VIR_DOMAIN_EVENT_ID_BLOCK_JOB_2' },
      always: stage.awaiting,
      after: { lookWait: 'asking' },
    },
    asking: asking(stage),
  } as const;
}

const calledOff: readonly Rule[] = [
  // What ends by itself may have ended before an abort was heard.
  { guard: 'hasMerged', target: '#finalising', actions: 'dropFailure' },
  { guard: 'hasFailure', target: '#cancelling' },
  { guard: 'hasLost', target: '#cancelling', actions: 'recordSetback' },
  looks,
];
const prepared: Rule = { guard: 'allPrepared', target: '#turning' };

const preparingStates = merging({
  name: 'Prepared',
  choosing: [...calledOff, ...begins, prepared],
  awaiting: [...calledOff, prepared],
  onSilence: '#cancelling',
  onStall: '#cancelling',
  stallAction: 'recordStalled',
});

/** Every disk is prepared before the first is finalised. */
export const preparing = {
  id: 'preparing',
  description: 'Layers are merged while the guest still has all of them: all can be called off.',
  tags: ['abortable'],
  initial: 'choosing',
  on: { 'abort.requested': { actions: 'recordAbort' } },
  states: {
    ...preparingStates,
    choosing: { id: 'choosingPrepared', ...preparingStates.choosing },
  },
} as const;

const pivots: Rule = { guard: 'hasReady', target: 'pivoting', actions: 'expectConclusion' };
const concludes: readonly Rule[] = [
  { guard: 'concludesOffline', target: 'switching', actions: 'expectConclusion' },
  pivots,
];

/** The call that finalises one disk; what came of an error only the chain tells. */
const concluding = (name: Stage['name']) =>
  ({
    pivoting: {
      description: 'The guest goes on with the layer that everything was merged into.',
      meta: { call: 'virDomainBlockJobAbort PIVOT' },
      invoke: {
        id: `pivot${name}`,
        src: 'pivotMerge',
        input: conclusionRequest,
        onDone: { target: 'choosing', actions: { type: 'noteConcluded', params: answerOf } },
        onError: { target: 'choosing', actions: { type: 'noteUnconcluded', params: errorOf } },
      },
    },
    switching: {
      description: 'The definition names the layer that everything was merged into.',
      meta: { call: 'virDomainDefineXML, or qemu-img rebase' },
      invoke: {
        id: `switch${name}`,
        src: 'switchOffline',
        input: conclusionRequest,
        onDone: { target: 'choosing', actions: { type: 'noteConcluded', params: answerOf } },
        onError: { target: 'choosing', actions: { type: 'noteUnconcluded', params: errorOf } },
      },
    },
  }) as const;

const turned: readonly Rule[] = [
  { guard: 'hasMerged', target: '#finalising' },
  { guard: 'hasLost', target: '#cancelling', actions: 'recordSetback' },
];
const worn: Rule = { guard: 'isWorn', target: '#cancelling', actions: 'recordSetback' };

const turningStates = merging({
  name: 'Turned',
  choosing: [...turned, worn, looks, ...begins, ...concludes],
  awaiting: [...turned, looks, pivots],
  onSilence: '#needsOperator',
  onStall: '#cancelling',
  stallAction: 'recordStalled',
});

/** Nobody knows yet whether there is a way back. */
export const turning = {
  id: 'turning',
  description:
    'The first disk is finalised: until it is known to be, the others can be called off.',
  initial: 'choosing',
  states: {
    ...turningStates,
    choosing: { id: 'choosingTurned', ...turningStates.choosing },
    ...concluding('Turned'),
  },
} as const;

const finalised: readonly Rule[] = [
  // What an event told, its daemon may have died over before it was on record.
  looks,
  { guard: 'allMerged', target: '#mending' },
  { guard: 'isWorn', target: '#cancelling', actions: 'recordHalf' },
];
const lost: Rule = { guard: 'hasLost', target: 'pausing' };

const finalisingStates = merging({
  name: 'Finalised',
  choosing: [...finalised, ...begins, ...concludes, lost],
  awaiting: [...finalised, pivots, lost],
  onSilence: '#needsOperator',
  onStall: '#cancelling',
  stallAction: 'recordHalf',
});

/** Disk by disk, in the order of the record. */
export const finalising = {
  id: 'finalising',
  description: 'One disk after the other is without its merged layers; there is only forward.',
  tags: ['pointOfNoReturn'],
  initial: 'choosing',
  states: {
    ...finalisingStates,
    choosing: { id: 'choosingFinalised', ...finalisingStates.choosing },
    ...concluding('Finalised'),
    pausing: {
      description: 'What came to nothing is begun once more.',
      after: { askAgain: { target: 'choosing', actions: 'retryLost' } },
    },
  },
} as const;
