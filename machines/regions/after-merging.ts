import type { Removal } from '../policy/snapshot-delete/endings.ts';
import {
  mendRequest,
  metadataRequest,
  removalRequest,
} from '../policy/snapshot-delete/requests.ts';
import { recordsFailure } from './one-host-frame.ts';
import { errorOf } from './event-params.ts';

const removalOf = ({ event }: { readonly event: { readonly output: Removal } }) => event.output;

/** For a host that answers late: the guest is safe, and only libvirt's own notes are missing. */
const wait = (state: string) =>
  [
    { guard: 'isLate', target: state, reenter: true },
    { target: '#needsOperator', actions: 'recordMetadataLeft' },
  ] as const;

/** Before the metadata go: whoever else names a layer that is none any more learns where its data are. */
export const mending = {
  id: 'mending',
  description:
    'Later snapshots keep the names of layers: the merged ones become what they are now.',
  tags: ['pointOfNoReturn'],
  initial: 'asking',
  after: { peerWait: wait('mending') },
  states: {
    asking: {
      description: 'Snapshots that keep something of the kind are redefined.',
      meta: { call: 'virDomainSnapshotCreateXML REDEFINE' },
      invoke: {
        id: 'mendSnapshots',
        src: 'mendSnapshots',
        input: mendRequest,
        onDone: [
          { guard: 'isSnapshot', target: '#dropping', actions: 'dropFailure' },
          { target: '#removing', actions: 'dropFailure' },
        ],
        onError: { target: 'waiting', actions: recordsFailure },
      },
    },
    waiting: {
      description: 'The host does not answer, or refuses for now.',
      after: { askAgain: 'asking' },
    },
  },
} as const;

/** Whoever starts the domain next starts it with all its data, whatever else is not known of it. */
export const securing = {
  id: 'securing',
  description:
    'Its daemon has lost the guest: what is merged for certain is named so, and nothing else is touched.',
  tags: ['pointOfNoReturn'],
  initial: 'asking',
  after: {
    peerWait: [
      { guard: 'isLate', target: 'securing', reenter: true },
      { target: '#needsOperator', actions: 'recordUnnamed' },
    ],
  },
  states: {
    asking: {
      description: 'The configuration, and snapshots that keep a merged layer, are redefined.',
      meta: { call: 'virDomainDefineXML, virDomainSnapshotCreateXML REDEFINE' },
      invoke: {
        id: 'secureMerged',
        src: 'mendSnapshots',
        input: mendRequest,
        onDone: '#needsOperator',
        onError: 'waiting',
      },
    },
    waiting: {
      description: 'The host does not answer, or refuses for now.',
      after: { askAgain: 'asking' },
    },
  },
} as const;

export const dropping = {
  id: 'dropping',
  description: 'All disks are merged: what libvirt keeps of the snapshot goes.',
  tags: ['pointOfNoReturn'],
  initial: 'asking',
  after: { peerWait: wait('dropping') },
  states: {
    asking: {
      description: 'libvirt forgets the snapshot; no file is touched.',
      meta: { call: 'virDomainSnapshotDelete METADATA_ONLY' },
      invoke: {
        id: 'dropMetadata',
        src: 'dropMetadata',
        input: metadataRequest,
        onDone: { target: '#removing', actions: 'dropFailure' },
        onError: { target: 'waiting', actions: recordsFailure },
      },
    },
    waiting: {
      description: 'The host does not answer, or refuses for now.',
      after: { askAgain: 'asking' },
    },
  },
} as const;

/** libvirt removes what it merged itself, but not everything (9.0: the memory). */
export const removing = {
  id: 'removing',
  description:
    'Files that nothing needs any more go; one that something needs stays, and is told of.',
  tags: ['pointOfNoReturn'],
  initial: 'choosing',
  after: {
    peerWait: [
      { guard: 'isLate', target: 'removing', reenter: true },
      { target: '#concluding', actions: 'giveUpRemoval' },
    ],
  },
  states: {
    choosing: {
      description: 'Are there any?',
      always: [
        { guard: 'hasFiles', target: 'unlinking', actions: 'expectRemoval' },
        { target: '#concluding' },
      ],
    },
    unlinking: {
      description: 'Each is looked for in domains, snapshots and images beside it first.',
      meta: { call: 'unlink' },
      invoke: {
        id: 'removeUnused',
        src: 'removeUnused',
        input: removalRequest,
        onDone: { target: '#concluding', actions: { type: 'noteRemoved', params: removalOf } },
        onError: { target: 'waiting', actions: { type: 'noteUnremoved', params: errorOf } },
      },
    },
    waiting: {
      description: 'The host does not answer: whether something needs them it is asked again.',
      after: { askAgain: 'unlinking' },
    },
  },
} as const;
