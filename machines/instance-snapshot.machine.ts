import type { ImageMetadata } from '../src/ports/image-store.ts';
import type { InstanceSnapshotOutput } from './instance-snapshot.setup.ts';
import { endedAs, instanceSnapshotSetup, isOpen, notes } from './instance-snapshot.setup.ts';
import {
  beforeInstanceSnapshot,
  instanceSnapshotResult,
  toColdInput,
  toLiveInput,
} from './policy/instance-snapshot/instance-snapshot.ts';
import { keepRequest, removeRequest } from './policy/instance-snapshot/image.ts';
import { instanceSnapshotCheckNames } from './policy/instance-snapshot/checks.ts';
import type {
  InstanceSnapshotFacts,
  InstanceSnapshotInput,
} from './policy/instance-snapshot/instance-snapshot.ts';
import { recordsFailure } from './regions/one-host-frame.ts';

type Gathered = { readonly event: { readonly output: InstanceSnapshotFacts } };
type Kept = { readonly event: { readonly output: { readonly image: ImageMetadata } } };

/** A way's own machine failed: nobody knows where it stood. */
const wayBroke = { target: '#needsOperator', actions: recordsFailure } as const;

/**
 * An image of a guest's disk in a store, as `openstack server image create` makes one: of a guest that
 * runs while it runs where that works, else of one at rest. Every verdict that led to the way is told.
 */
export const instanceSnapshot = instanceSnapshotSetup.createMachine({
  id: 'instanceSnapshot',
  version: '1',
  description: 'A disk of a guest becomes an image in a store.',
  context: ({ input }) => ({ ...input, ...beforeInstanceSnapshot }),
  output: ({ event }) => event.output as InstanceSnapshotOutput,
  initial: 'gathering',
  states: {
    gathering: {
      description: 'What speaks against each way, and whether the name is free in the store.',
      tags: ['abortable'],
      meta: { call: 'virDomainGetXMLDesc, qemu-img info', novaTaskState: 'image_snapshot_pending' },
      on: { 'abort.requested': { target: '#rolledBack', actions: 'recordAbort' } },
      invoke: {
        id: 'gather',
        src: 'gatherFacts',
        input: ({ context }): InstanceSnapshotInput => context,
        onDone: {
          target: 'checking',
          actions: {
            type: 'noteFacts',
            params: ({ event }: Gathered) => ({ facts: event.output }),
          },
        },
        onError: { target: '#refused', actions: recordsFailure },
      },
    },
    checking: {
      description: 'Is there a way at all, and a place for the image?',
      always: [
        ...instanceSnapshotCheckNames.map(
          (check) =>
            ({
              guard: { type: 'objects', params: { check } },
              target: '#refused',
              actions: 'recordRefusal',
            }) as const,
        ),
        { guard: isOpen('live'), target: 'takingLive', actions: 'expectImage' },
        { target: 'takingCold', actions: 'expectImage' },
      ],
    },
    takingLive: {
      description: 'The guest runs on while its disk is copied.',
      meta: { novaTaskState: 'image_snapshot' },
      on: { 'abort.requested': { actions: 'passToLive' } },
      invoke: {
        id: 'live',
        src: 'liveSnapshot',
        input: toLiveInput,
        onDone: [
          { guard: endedAs('completed'), target: 'keeping', actions: notes('noteTaken', 'live') },
          {
            guard: endedAs('needsOperator'),
            target: '#needsOperator',
            actions: notes('noteFailedWay', 'live'),
          },
          { target: 'choosingAgain', actions: notes('noteFailedWay', 'live') },
        ],
        onError: wayBroke,
      },
    },
    choosingAgain: {
      description: 'The guest is as it was: may it be taken at rest instead?',
      always: [
        { guard: 'fallsBack', target: 'takingCold', actions: 'expectImage' },
        { target: '#rolledBack' },
      ],
    },
    takingCold: {
      description: 'The guest rests while its disk is copied, and goes on afterwards.',
      meta: { novaTaskState: 'image_snapshot' },
      on: { 'abort.requested': { actions: 'passToCold' } },
      invoke: {
        id: 'cold',
        src: 'coldSnapshot',
        input: toColdInput,
        onDone: [
          { guard: endedAs('completed'), target: 'keeping', actions: notes('noteTaken', 'cold') },
          {
            guard: endedAs('needsOperator'),
            target: '#needsOperator',
            actions: notes('noteFailedWay', 'cold'),
          },
          { target: '#rolledBack', actions: notes('noteFailedWay', 'cold') },
        ],
        onError: wayBroke,
      },
    },
    keeping: {
      description: 'The guest has been as before for some time; the store takes the image.',
      meta: { novaTaskState: 'image_uploading' },
      initial: 'storing',
      after: {
        keepWait: [{ guard: 'isLate', target: 'keeping', reenter: true }, { actions: 'giveUp' }],
      },
      on: { 'abort.requested': { target: 'removing', actions: 'recordAbort' } },
      states: {
        storing: {
          description: 'Its checksum is taken, and what is known of it written beside it.',
          tags: ['abortable'],
          invoke: {
            id: 'keep',
            src: 'keepImage',
            input: keepRequest,
            onDone: {
              target: '#completed',
              actions: { type: 'noteKept', params: ({ event }: Kept) => event.output },
            },
            onError: { target: 'waiting', actions: recordsFailure },
          },
        },
        waiting: {
          description: 'The store did not take it: it is asked again for a while.',
          tags: ['abortable'],
          always: { guard: 'isGivenUp', target: '#removing' },
          after: { askAgain: 'storing' },
        },
      },
    },
    removing: {
      id: 'removing',
      description: 'An image that nobody keeps is taken away.',
      tags: ['rollingBack'],
      invoke: {
        id: 'remove',
        src: 'removeImage',
        input: removeRequest,
        onDone: { target: '#rolledBack', actions: 'recordRemoved' },
        onError: { target: '#rolledBack', actions: 'recordLeft' },
      },
    },
    completed: {
      id: 'completed',
      type: 'final',
      description: 'The store has the image; the guest is as it was.',
      output: ({ context }) => ({ outcome: 'completed', ...instanceSnapshotResult(context) }),
    },
    refused: {
      id: 'refused',
      type: 'final',
      description: 'Nothing was touched.',
      output: ({ context }) => ({ outcome: 'refused', ...instanceSnapshotResult(context) }),
    },
    rolledBack: {
      id: 'rolledBack',
      type: 'final',
      description: 'There is no image; the guest is as it was.',
      output: ({ context }) => ({ outcome: 'rolledBack', ...instanceSnapshotResult(context) }),
    },
    needsOperator: {
      id: 'needsOperator',
      type: 'final',
      tags: ['waitingForOperator'],
      description: 'A snapshot could not bring the guest back to what it was.',
      output: ({ context }) => ({ outcome: 'needsOperator', ...instanceSnapshotResult(context) }),
    },
  },
});
