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
  readonly heeded: readonly Rule[];
  /** Nothing is left to be begun or waited for. */
  readonly next: readonly Rule[];
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

/** Disks of a guest that runs are merged by QEMU, all at the same time; else by qemu-img, one by one. */
function merging(stage: Stage) {
  const { heeded, name, next } = stage;
  const rules: readonly Rule[] = [
    { guard: 'isAstray', target: '#securing', actions: 'recordAstray' },
    ...heeded,
    { guard: 'mustLook', target: 'asking' },
    { guard: 'mergesOffline', target: 'mergingOffline', actions: 'expectMerge' },
    { guard: 'hasWaiting', target: 'beginning', actions: 'expectMerge' },
    ...next,
  ];
  return {
    choosing: {
      description: 'What is to be done next, by what is known of the disks.',
      always: [...rules, { target: 'awaiting' }],
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
      always: rules,
      after: { lookWait: 'asking' },
    },
    asking: asking(stage),
  } as const;
}

const preparingStates = merging({
  name: 'Prepared',
  heeded: [
    // What ends by itself may have ended before an abort was heard.
    { guard: 'hasMerged', target: '#finalising', actions: 'dropFailure' },
    { guard: 'hasFailure', target: '#cancelling' },
    { guard: 'hasLost', target: '#cancelling', actions: 'recordSetback' },
  ],
  next: [{ guard: 'allPrepared', target: '#turning' }],
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

const concludes: readonly Rule[] = [
  { guard: 'concludesOffline', target: 'switching', actions: 'expectConclusion' },
  { guard: 'hasReady', target: 'pivoting', actions: 'expectConclusion' },
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

const turningStates = merging({
  name: 'Turned',
  heeded: [
    { guard: 'hasMerged', target: '#finalising' },
    { guard: 'hasLost', target: '#cancelling', actions: 'recordSetback' },
    { guard: 'isWorn', target: '#cancelling', actions: 'recordSetback' },
  ],
  next: [...concludes, { guard: 'allMerged', target: '#finalising' }],
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

const finalisingStates = merging({
  name: 'Finalised',
  heeded: [
    // What an event told, its daemon may have died over before it was on record.
    { guard: 'mustLook', target: 'asking' },
    { guard: 'allMerged', target: '#mending' },
    { guard: 'isWorn', target: '#cancelling', actions: 'recordHalf' },
  ],
  next: [...concludes, { guard: 'hasLost', target: 'pausing' }],
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
