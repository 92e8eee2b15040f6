import type { ColdSnapshotOutput } from './cold-snapshot.setup.ts';
import { coldSnapshotSetup } from './cold-snapshot.setup.ts';
import { coldSnapshotCheckNames } from './policy/cold-snapshot/checks.ts';
import { failsWith, requestOf } from './policy/cold-snapshot/orders.ts';
import { devicesLost, stuckAt } from './policy/cold-snapshot/failures.ts';
import type { ColdSnapshotFacts } from './policy/cold-snapshot/cold-snapshot.ts';
import { beforeColdSnapshot, coldSnapshotResult } from './policy/cold-snapshot/cold-snapshot.ts';
import { nothingYet, onHost, operatorResult } from './policy/one-host/one-host.ts';
import { cleaning } from './regions/cold-cleaning.ts';
import { copied, copying } from './regions/cold-copying.ts';
import { detaching } from './regions/cold-detaching.ts';
import { returning } from './regions/cold-returning.ts';
import { laying, saved, saving } from './regions/cold-saving.ts';
import {
  checking,
  claiming,
  ended,
  gathering,
  released,
  releasing,
} from './regions/one-host-frame.ts';

const atOf = ({ event }: { readonly event: { readonly atEpochMs: number } }) => ({
  atEpochMs: event.atEpochMs,
});

/**
 * An image of a guest's disks at one moment, while its memory is saved and it is off: for hosts and
 * disks of which no live one can be had. Then the guest goes on from its memory, with its devices. With
 * the short outage it goes on before the copy is made, on overlays that are merged when it is.
 */
export const coldSnapshot = coldSnapshotSetup.createMachine({
  id: 'coldSnapshot',
  version: '2',
  description: "An image of a guest's disks, taken while its memory is saved.",
  context: ({ input }) => ({ ...input, ...nothingYet, ...beforeColdSnapshot }),
  output: ({ event }) => event.output as ColdSnapshotOutput,
  initial: 'gathering',
  states: {
    gathering: gathering<typeof requestOf, ColdSnapshotFacts>(
      requestOf,
      'virDomainGetXMLDesc, qemu-img info',
    ),
    checking: checking(coldSnapshotCheckNames),
    claiming,
    working: {
      id: 'working',
      description: 'What happens to the domain is watched from here to the end.',
      initial: 'planning',
      entry: 'planWork',
      invoke: {
        id: 'watch',
        src: 'watchDomain',
        input: onHost,
        onError: { target: '.returning', actions: failsWith },
      },
      on: {
        'domain.suspended': {
          guard: 'isStopOfSave',
          actions: { type: 'noteStopped', params: atOf },
        },
        'domain.resumed': { guard: 'isFirstRun', actions: { type: 'noteResumed', params: atOf } },
      },
      states: {
        planning: {
          description: 'A guest that is shut off has nothing to be saved.',
          always: [{ guard: 'wasActive', target: 'detaching' }, { target: 'copying' }],
        },
        detaching,
        saving,
        saved,
        laying,
        copying,
        copied,
        returning,
        cleaning,
      },
    },
    releasing,
    released,
    completed: ended(
      'completed',
      'The images are whole, and the guest is what it was.',
      coldSnapshotResult,
    ),
    refused: ended(
      'refused',
      'A check said no, or the domain is claimed: nothing was touched.',
      coldSnapshotResult,
    ),
    rolledBack: ended(
      'rolledBack',
      'There is no image, and the guest is what it was.',
      coldSnapshotResult,
    ),
    needsOperator: {
      id: 'needsOperator',
      type: 'final',
      tags: ['waitingForOperator'],
      description: 'A device cannot be put back, or the guest cannot be brought back.',
      output: ({ context }) => ({
        outcome: 'needsOperator',
        ...coldSnapshotResult(context),
        ...operatorResult({
          ...context,
          failure: context.stuck ? stuckAt(context, context.stuckAt) : devicesLost(context),
        }),
      }),
    },
  },
});
