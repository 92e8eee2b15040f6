import type { DomainEvent } from './domain-events.ts';
import { nothingYet, onHost, operatorResult } from './policy/one-host/one-host.ts';
import { volumeSwapCheckNames } from './policy/volume-swap/checks.ts';
import { factsRequest, ownCopies } from './policy/volume-swap/requests.ts';
import type { VolumeSwapFacts } from './policy/volume-swap/volume-swap.ts';
import { beforeVolumeSwap, volumeSwapResult } from './policy/volume-swap/volume-swap.ts';
import {
  checking,
  claiming,
  gathering,
  noteEnding,
  released,
  releasing,
} from './regions/one-host-frame.ts';
import { copying, looking, making } from './regions/swap-copying.ts';
import { copyingOffline } from './regions/swap-copying-offline.ts';
import { persisting, pivoting } from './regions/swap-pivoting.ts';
import {
  awaitingConfirmation,
  cancelling,
  defined,
  givenUp,
  removing,
  resizing,
  swapped,
} from './regions/swap-settling.ts';
import { defining } from './regions/undefined-meanwhile.ts';
import type { VolumeSwapOutput } from './volume-swap.setup.ts';
import { volumeSwapSetup } from './volume-swap.setup.ts';

type JobEvent = { readonly event: Extract<DomainEvent, { readonly job: unknown }> };
type GuestEvent = { readonly event: Extract<DomainEvent, { readonly detail: string }> };

const notesJob = {
  actions: { type: 'noteJob', params: ({ event }: JobEvent) => event },
} as const;
const notesGuest = {
  actions: { type: 'noteGuest', params: ({ event }: GuestEvent) => event },
} as const;

/**
 * A guest gets other volumes for its disks, and never notices. Every disk is copied; when all copies
 * are in step the guest goes on with them, one after the other; and its definition follows. Until the
 * first pivot all can be called off, after it there is only forward; and where it is asked for, the
 * run keeps both volumes and waits until it is told to keep the swap or to undo it. A libvirt that
 * copies disks of transient domains only makes it transient meanwhile: then `defining` comes first on
 * every way out.
 */
export const volumeSwap = volumeSwapSetup.createMachine({
  id: 'volumeSwap',
  version: '1',
  description: 'Disks of a guest are put onto other volumes.',
  context: ({ input }) => ({ ...input, ...nothingYet, ...beforeVolumeSwap }),
  output: ({ event }) => event.output as VolumeSwapOutput,
  initial: 'gathering',
  states: {
    gathering: gathering<typeof factsRequest, VolumeSwapFacts>(
      factsRequest,
      'virDomainGetXMLDesc, qemu-img info',
    ),
    checking: checking(volumeSwapCheckNames),
    claiming,
    working: {
      id: 'working',
      description: 'The guest is watched until it has its new volumes, or keeps its old ones.',
      entry: 'beginSwaps',
      initial: 'looking',
      invoke: {
        id: 'watchDomain',
        src: 'watchDomain',
        input: onHost,
        // The looks tell the same, if later.
        onError: { actions: 'noteUnheard' },
      },
      on: {
        'blockJob.ready': notesJob,
        'blockJob.completed': notesJob,
        'blockJob.failed': notesJob,
        'blockJob.canceled': notesJob,
        'domain.seen': notesGuest,
        'domain.started': notesGuest,
        'domain.resumed': notesGuest,
        'domain.suspended': notesGuest,
        'domain.stopped': notesGuest,
        'connection.lost': { actions: 'noteUnheard' },
        'connection.regained': { actions: 'noteUnheard' },
      },
      states: {
        looking,
        making,
        copying,
        copyingOffline,
        pivoting,
        defining: defining({ src: 'dropSwaps', input: ownCopies }, '#defined'),
        defined,
        persisting,
        cancelling,
      },
    },
    swapped,
    awaitingConfirmation,
    resizing,
    givenUp,
    removing,
    concluding: {
      id: 'concluding',
      description: 'All is done that can be; is anything of ours left under way?',
      always: [
        { guard: 'holdsJobs', target: 'needsOperator', actions: 'recordJobLeft' },
        { guard: 'hasFailure', target: 'releasing', actions: noteEnding('rolledBack') },
        { target: 'releasing', actions: noteEnding('completed') },
      ],
    },
    releasing,
    released,
    completed: {
      id: 'completed',
      type: 'final',
      description: 'The guest and its definition have the new volumes.',
      output: ({ context }) => ({ outcome: 'completed', ...volumeSwapResult(context) }),
    },
    refused: {
      id: 'refused',
      type: 'final',
      description: 'Nothing was touched.',
      output: ({ context }) => ({ outcome: 'refused', ...volumeSwapResult(context) }),
    },
    rolledBack: {
      id: 'rolledBack',
      type: 'final',
      description: 'The guest and its definition have the old volumes.',
      output: ({ context }) => ({ outcome: 'rolledBack', ...volumeSwapResult(context) }),
    },
    needsOperator: {
      id: 'needsOperator',
      type: 'final',
      tags: ['waitingForOperator'],
      description: 'Only a person can find out which volume is true, or end a copy.',
      output: ({ context }) => ({
        outcome: 'needsOperator',
        ...volumeSwapResult(context),
        ...operatorResult(context),
      }),
    },
  },
});
