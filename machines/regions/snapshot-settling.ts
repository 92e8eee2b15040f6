import type { SnapshotLook, SnapshotVerdict } from '../policy/domain-snapshot/look.ts';
import { lookRequest } from '../policy/domain-snapshot/look.ts';
import {
  asBases,
  asOverlays,
  filesRequest,
  namedSnapshot,
  overlaysOnHost,
} from '../policy/domain-snapshot/requests.ts';
import { resumeRequest } from '../policy/one-host/one-host.ts';
import { hearing } from './one-host-frame.ts';
import { removedOf, tidyingFiles } from './tidying-files.ts';

type Looked = { readonly event: { readonly output: SnapshotLook } };

const lookOf = ({ event }: Looked) => ({ look: event.output });
const found = (verdict: SnapshotVerdict) =>
  ({
    type: 'found',
    params: ({ event }: Looked) => ({ look: event.output, verdict }),
  }) as const;
const seen = <Type extends string>(type: Type) => ({ type, params: lookOf }) as const;
const expects = (trouble: 'silent' | 'paused' | 'merging') =>
  ({ type: 'noteTrouble', params: { trouble } }) as const;

/** After every answer and every silence: the disks' chains and the list of snapshots decide. */
export const looking = {
  id: 'looking',
  description: 'What came of it is looked at, never assumed.',
  initial: 'asking',
  after: {
    peerWait: [
      { guard: 'isLate', target: '#looking', reenter: true },
      { target: '#needsOperator', actions: 'recordStuck' },
    ],
  },
  states: {
    asking: {
      description: 'The host tells the job, the chains, the snapshots, and what QEMU has open.',
      meta: { call: 'virDomainGetXMLDesc, virDomainListAllSnapshots' },
      invoke: {
        id: 'lookAtSnapshot',
        src: 'lookAtSnapshot',
        input: lookRequest,
        onDone: [
          { guard: found('silent'), target: 'waiting', actions: expects('silent') },
          { guard: seen('isUnwantedJob'), target: 'waitingToAbort', actions: expects('silent') },
          { guard: found('busy'), target: 'waiting', actions: [expects('silent'), 'noteHeard'] },
          { guard: found('gone'), target: '#concluding', actions: 'noteGone' },
          {
            guard: found('hidden'),
            target: '#needsOperator',
            actions: { type: 'recordHidden', params: lookOf },
          },
          { guard: found('unclear'), target: '#needsOperator', actions: 'recordUnclear' },
          {
            guard: seen('isLeftPaused'),
            target: 'resuming',
            actions: [expects('paused'), 'noteHeard'],
          },
          { guard: seen('isBehind'), target: 'namingOverlays' },
          { guard: seen('isAhead'), target: 'namingBases', actions: 'noteHeard' },
          {
            guard: seen('runsThoughHalted'),
            target: '#recording',
            actions: [seen('noteLook'), 'noteTaken', 'noteStillRuns'],
          },
          {
            guard: found('whole'),
            target: '#recording',
            actions: [seen('noteLook'), 'noteTaken'],
          },
          {
            guard: found('unrecorded'),
            target: '#merging',
            actions: [expects('merging'), 'noteHeard'],
          },
          { guard: 'mayComeYet', target: 'hearing' },
          { target: '#tidying', actions: [seen('noteLook'), 'noteNotTaken'] },
        ],
        onError: 'waiting',
      },
    },
    waiting: {
      description: 'The host is silent, or still at work; it is asked again.',
      after: { askAgain: 'asking' },
    },
    hearing: hearing('asking'),
    waitingToAbort: {
      description: 'The job goes on although it was to end: it is aborted again.',
      after: { askAgain: '#aborting' },
    },
    resuming: {
      description: 'The guest ran before and was left standing: it goes on.',
      tags: ['guestPaused'],
      meta: { call: 'virDomainResume' },
      invoke: {
        id: 'resumeAfterSnapshot',
        src: 'resumeAfterSnapshot',
        input: resumeRequest,
        onDone: 'asking',
        onError: 'waiting',
      },
    },
    namingOverlays: {
      description: 'The definition still names the bases, which a boot would take.',
      meta: { call: 'virDomainDefineXML' },
      invoke: {
        id: 'nameOverlays',
        src: 'configureDisks',
        input: asOverlays,
        onDone: 'asking',
        onError: 'waiting',
      },
    },
    namingBases: {
      description: 'The definition names overlays of a snapshot that is none.',
      tags: ['rollingBack'],
      meta: { call: 'virDomainDefineXML' },
      invoke: {
        id: 'nameBases',
        src: 'configureDisks',
        input: asBases,
        onDone: 'asking',
        onError: 'waiting',
      },
    },
  },
} as const;

/** Nobody would know of these overlays: the guest goes back to its own files. */
export const merging = {
  id: 'merging',
  description: 'The guest writes to overlays of a snapshot that libvirt does not have.',
  tags: ['rollingBack'],
  initial: 'asking',
  after: {
    snapshotWait: [
      { guard: 'isLate', target: '#merging', reenter: true },
      { target: '#needsOperator', actions: 'recordStuck' },
    ],
  },
  states: {
    asking: {
      description: 'Each is merged into its base, and the guest goes on with that.',
      meta: { call: 'virDomainBlockCommit, virDomainBlockJobAbort with PIVOT' },
      invoke: {
        id: 'mergeOverlays',
        src: 'mergeOverlays',
        input: overlaysOnHost,
        onDone: '#looking',
        onError: 'waiting',
      },
    },
    waiting: {
      description: 'The host did not do it, or did not answer; what is left of it is done again.',
      after: { askAgain: 'asking' },
    },
  },
} as const;

/** A revert brings the whole definition back that the snapshot keeps, claims and all. */
export const recording = {
  id: 'recording',
  description: 'The snapshot is whole; nothing of this run may stay in the definition it keeps.',
  tags: ['pointOfNoReturn'],
  initial: 'choosing',
  after: {
    peerWait: [
      { guard: 'isLate', target: '#recording', reenter: true },
      { target: '#concluding', actions: 'noteClaimInside' },
    ],
  },
  states: {
    choosing: {
      description: 'Without metadata there is no definition in it.',
      always: [{ guard: 'isForgotten', target: '#concluding' }, { target: 'clearing' }],
    },
    clearing: {
      description: 'The claim is taken out of the definition that the snapshot keeps.',
      meta: { call: 'virDomainSnapshotCreateXML with REDEFINE' },
      invoke: {
        id: 'clearSnapshotClaims',
        src: 'clearSnapshotClaims',
        input: namedSnapshot,
        onDone: '#concluding',
        onError: 'waiting',
      },
    },
    waiting: {
      description: 'The host does not answer; it is asked again.',
      after: { askAgain: 'clearing' },
    },
  },
} as const;

export const tidying = tidyingFiles(
  'There is no snapshot: files that were made for it go.',
  filesRequest,
  [{ type: 'noteRemoved', params: removedOf }, 'noteFilesLeft'] as const,
);
