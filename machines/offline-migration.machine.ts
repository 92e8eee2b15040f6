import {
  abortRequested,
  begins,
  diskInput,
  fails,
  failsWith,
  madeNothing,
  notesCopy,
  offlineSetup,
  finishRefused,
  phaseInput,
  sourceSilent,
  sourceUnwatched,
  startedMeanwhile,
} from './offline-migration.setup.ts';
import { lookOf, onBoth, onSource } from './policy/domain-on-host.ts';
import { holdsGuest } from './policy/migration/phase-calls.ts';
import {
  beforeOffline,
  copiesInput,
  offlineReport,
  offlineRolledBack,
  offlineUnknown,
} from './policy/migration/offline-context.ts';
import type { ProtocolOutput } from './protocol-setup.ts';
import { whereDefined } from './regions/where-defined.ts';

/**
 * A domain that was started and shut down unseen has other disks than those that were copied. Where
 * none are, a last look tells the same as the watch, only later.
 */
const unwatched = {
  guard: 'hasDisks',
  target: 'rolledBack',
  actions: fails(sourceUnwatched),
} as const;

/**
 * Moves a domain that is shut off: its disks through this process where that is wanted, then its
 * definition by libvirt's own phases with OFFLINE. The source keeps its definition until the parent
 * has seen the other one.
 */
export const offlineMigration = offlineSetup.createMachine({
  id: 'offlineMigration',
  version: '3',
  description: 'The disks and the definition of a domain that is shut off go to another host.',
  context: ({ input }) => beforeOffline(input),
  output: ({ event }) => event.output as ProtocolOutput,
  initial: 'moving',
  states: {
    moving: {
      description: 'Nothing runs; whoever starts the domain meanwhile calls the move off.',
      initial: 'choosing',
      invoke: {
        id: 'watchSource',
        src: 'watchSource',
        input: onSource,
        // One that nobody handles would be the machine's own end.
        onError: [unwatched, {}],
      },
      on: {
        'source.domain.started': { target: 'rolledBack', actions: fails(startedMeanwhile) },
        'source.connection.lost': unwatched,
        'abort.requested': { target: 'rolledBack', actions: fails(abortRequested) },
      },
      states: {
        choosing: {
          description: 'Disk by disk; those that both hosts see need no copy.',
          tags: ['abortable'],
          always: [
            { guard: 'hasNextDisk', target: 'makingVolume', actions: 'noteVolume' },
            { target: 'lookingFirst' },
          ],
        },
        makingVolume: {
          description: 'An empty volume on the destination. One that is there is not ours to fill.',
          tags: ['abortable'],
          meta: { call: 'virStorageVolCreateXML' },
          invoke: {
            id: 'makeVolume',
            src: 'makeVolume',
            input: diskInput,
            onDone: 'copyingDisk',
            onError: [
              {
                guard: madeNothing,
                target: '#offlineMigration.rolledBack',
                actions: [failsWith, 'forgetVolume'],
              },
              { target: '#offlineMigration.rolledBack', actions: failsWith },
            ],
          },
        },
        copyingDisk: {
          description: 'The file is read from its pool on the source and written to the other.',
          tags: ['abortable'],
          meta: { call: 'virStorageVolDownload, virStorageVolUpload' },
          invoke: {
            id: 'copyDisk',
            src: 'copyDisk',
            input: diskInput,
            onDone: { target: 'choosing', actions: notesCopy },
            onError: { target: '#offlineMigration.rolledBack', actions: failsWith },
          },
        },
        lookingFirst: {
          description:
            'Is it still shut off? What was copied from a running guest is worth nothing.',
          tags: ['abortable'],
          initial: 'looking',
          after: {
            peerWait: [
              { guard: 'isLate', target: 'lookingFirst', reenter: true },
              { target: '#offlineMigration.rolledBack', actions: fails(sourceSilent) },
            ],
          },
          states: {
            looking: {
              description: 'The source is asked.',
              meta: { call: 'virDomainGetState' },
              invoke: {
                id: 'lookFirst',
                src: 'inspectPeers',
                input: onBoth,
                onDone: [
                  {
                    guard: { type: 'hasStarted', params: lookOf },
                    target: '#offlineMigration.rolledBack',
                    actions: [{ type: 'noteLook', params: lookOf }, fails(startedMeanwhile)],
                  },
                  { guard: { type: 'isSourceSilent', params: lookOf }, target: 'waiting' },
                  { target: 'comparing' },
                ],
                onError: 'waiting',
              },
            },
            comparing: {
              description: 'Are its disks still those that were copied?',
              meta: { call: 'virStorageVolGetXMLDesc' },
              invoke: {
                id: 'compareFirst',
                src: 'compareCopies',
                input: copiesInput,
                onDone: '#offlineMigration.transferring',
                onError: { target: '#offlineMigration.rolledBack', actions: failsWith },
              },
            },
            waiting: {
              description: 'The source does not answer yet.',
              after: { askAgain: 'looking' },
            },
          },
        },
      },
    },
    transferring: {
      description: 'The definition goes over, on two connections that stand for this move alone.',
      initial: 'linking',
      invoke: {
        id: 'link',
        src: 'holdLink',
        input: onBoth,
        onError: { target: 'uncertain', actions: failsWith },
      },
      states: {
        linking: {
          description: 'Both daemons get a connection.',
          meta: { call: 'virConnectOpen' },
          on: {
            'link.opened': {
              target: 'begin3',
              actions: {
                type: 'beginPhase',
                params: ({ event }) => ({
                  phase: 'BEGIN3',
                  evidence: 'ours',
                  atEpochMs: event.atEpochMs,
                }),
              },
            },
          },
        },
        begin3: {
          description: 'The source hands out the definition.',
          meta: {
            phase: 'BEGIN3',
            evidence: 'ours',
            call: 'virDomainMigrateBegin3Params with OFFLINE',
          },
          invoke: {
            id: 'begin',
            src: 'begin',
            input: phaseInput,
            onDone: { target: 'prepare', actions: begins('PREPARE') },
            onError: { target: '#offlineMigration.uncertain', actions: failsWith },
          },
        },
        prepare: {
          description: 'The destination takes it in, not yet for good.',
          meta: {
            phase: 'PREPARE',
            evidence: 'ours',
            call: 'virDomainMigratePrepare3Params with OFFLINE',
          },
          invoke: {
            id: 'prepare',
            src: 'prepare',
            input: phaseInput,
            onDone: { target: 'finish3', actions: begins('FINISH3') },
            onError: { target: 'confirm3Cancelled', actions: failsWith },
          },
        },
        finish3: {
          description: 'The destination writes the definition. PERFORM3 is skipped: nothing runs.',
          meta: {
            phase: 'FINISH3',
            evidence: 'ours',
            call: 'virDomainMigrateFinish3Params with OFFLINE',
          },
          invoke: {
            id: 'finish',
            src: 'finish',
            input: phaseInput,
            onDone: [
              { guard: holdsGuest, target: 'confirm3', actions: begins('CONFIRM3') },
              { target: 'confirm3Cancelled', actions: fails(finishRefused) },
            ],
            onError: { target: '#offlineMigration.uncertain', actions: failsWith },
          },
        },
        confirm3: {
          description: 'The source is told; it keeps its definition for now.',
          tags: ['pointOfNoReturn'],
          meta: {
            phase: 'CONFIRM3',
            evidence: 'ours',
            call: 'virDomainMigrateConfirm3Params with OFFLINE',
          },
          invoke: {
            id: 'confirm',
            src: 'confirm',
            input: phaseInput,
            onDone: '#offlineMigration.uncertain',
            onError: { target: '#offlineMigration.uncertain', actions: failsWith },
          },
        },
        confirm3Cancelled: {
          description: 'The destination refused: the source is told that nothing came of it.',
          tags: ['rollingBack'],
          meta: {
            phase: 'CONFIRM3_CANCELLED',
            evidence: 'ours',
            call: 'virDomainMigrateConfirm3Params, cancelled',
          },
          invoke: {
            id: 'confirmCancelled',
            src: 'confirmCancelled',
            input: phaseInput,
            onDone: '#offlineMigration.uncertain',
            onError: '#offlineMigration.uncertain',
          },
        },
      },
    },
    uncertain: whereDefined,
    completed: {
      type: 'final',
      description: 'The domain is defined on the destination.',
      output: ({ context }) => ({ outcome: 'completed', ...offlineReport(context) }),
    },
    rolledBack: {
      type: 'final',
      description: 'The domain is on the source as it was.',
      output: ({ context }) => ({ outcome: 'rolledBack', ...offlineRolledBack(context) }),
    },
    needsOperator: {
      type: 'final',
      tags: ['waitingForOperator'],
      description:
        'Nobody knows where the definition is, or its disks are not those of the source.',
      output: ({ context }) => ({
        outcome: 'needsOperator',
        ...offlineReport(context),
        failure: offlineUnknown(context),
      }),
    },
  },
});
