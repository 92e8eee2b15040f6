import type { DomainEvent } from './domain-events.ts';
import type { ManagedSaveOutput } from './managed-save.setup.ts';
import { managedSaveSetup } from './managed-save.setup.ts';
import type { SavingAction, SavingFacts } from './policy/managed-save/managed-save.ts';
import {
  beforeSaving,
  completedResult,
  guestOnHost,
  savingCall,
  savingRequest,
  savingResult,
} from './policy/managed-save/managed-save.ts';
import { savingCheckNames } from './policy/managed-save/checks.ts';
import {
  checking,
  claiming,
  ended,
  gathering,
  hearing,
  needsOperator,
  noteEnding,
  recordsFailure,
  released,
  releasing,
} from './regions/one-host-frame.ts';
import * as memory from './regions/saving-memory.ts';

type Told = { readonly event: Extract<DomainEvent, { readonly detail: string }> };

const does = (action: SavingAction) => ({ type: 'does', params: { action } }) as const;
const at = <Name extends string>(type: Name) =>
  ({ actions: { type, params: ({ event }: Told) => ({ atEpochMs: event.atEpochMs }) } }) as const;

/**
 * A guest's memory goes into a file and its QEMU ends, or it goes on from there. What cannot be told
 * from an answer is looked at: a guest that ran and is not saved runs again.
 */
export const managedSave = managedSaveSetup.createMachine({
  id: 'managedSave',
  version: '1',
  description: "A guest's memory goes into a file, or the guest goes on from one.",
  context: ({ input }) => beforeSaving(input),
  output: ({ event }) => event.output as ManagedSaveOutput,
  initial: 'gathering',
  states: {
    gathering: gathering<typeof savingRequest, SavingFacts>(
      savingRequest,
      'virDomainGetXMLDesc, virDomainSaveImageGetXMLDesc',
    ),
    checking: {
      ...checking(savingCheckNames),
      always: [
        ...checking(savingCheckNames).always.slice(0, -1),
        { guard: 'hasDomain', target: 'claiming', actions: 'expectClaim' },
        // A guest that is nowhere but in its file cannot be claimed; libvirt lets only one go on.
        { target: 'working' },
      ],
    },
    claiming,
    working: {
      id: 'working',
      description: 'The domain is watched: when it stood, when it was off, when it ran again.',
      invoke: {
        id: 'watchDomain',
        src: 'watchDomain',
        input: guestOnHost,
        // What it tells are only the times.
        onError: {},
      },
      on: {
        'domain.suspended': at('notePaused'),
        'domain.stopped': at('noteShutOff'),
        'domain.started': at('noteRuns'),
        'domain.resumed': at('noteRuns'),
      },
      initial: 'choosing',
      states: {
        choosing: {
          description: 'What is to be done with the memory.',
          always: [
            { guard: does('save'), target: 'saving', actions: 'expectMemory' },
            { guard: does('saveTo'), target: 'saving', actions: 'expectMemory' },
            { guard: does('removeManagedSave'), target: 'removing' },
            { target: 'goingOn' },
          ],
        },
        saving: memory.saving,
        goingOn: {
          description: 'A QEMU starts and loads the memory, or boots where there is none.',
          meta: {
            call: 'virDomainCreateWithFlags, virDomainRestoreFlags',
            novaTaskState: 'resuming',
          },
          invoke: {
            id: 'goOn',
            src: 'goOnGuest',
            input: savingCall,
            onDone: 'looking',
            onError: { target: 'looking', actions: recordsFailure },
          },
        },
        removing: {
          description: 'The memory is thrown away: the next start is a boot.',
          meta: { call: 'virDomainManagedSaveRemove' },
          invoke: {
            id: 'remove',
            src: 'removeImage',
            input: guestOnHost,
            onDone: { target: '#finishing', actions: noteEnding('completed') },
            onError: { target: 'looking', actions: recordsFailure },
          },
        },
        looking: memory.looking,
        following: memory.following,
        deciding: memory.deciding,
        hearing: hearing('looking'),
        resuming: memory.resuming,
        noting: memory.noting,
        forgetting: memory.forgetting,
        discarding: memory.discarding,
        finishing: memory.finishing,
      },
    },
    releasing,
    released,
    completed: ended(
      'completed',
      'The memory is where it was wanted, or the guest goes on from it.',
      completedResult,
    ),
    refused: ended('refused', 'Nothing was touched.', savingResult),
    rolledBack: ended('rolledBack', 'The guest is as it was, or ended by itself.', savingResult),
    needsOperator: needsOperator(
      'The host does not answer, or a guest that ran stays paused.',
      savingResult,
    ),
  },
});
