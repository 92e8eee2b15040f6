import { lookOf, peer2peerSetup, shows } from './peer2peer-migration.setup.ts';
import type { Peer2peerOutput } from './peer2peer-migration.setup.ts';
import { onBoth, onDestination, onSource } from './policy/domain-on-host.ts';
import {
  operatorReport,
  reportOf,
  rolledBackReport,
  startingContext,
} from './policy/peer2peer-context.ts';
import { convergence } from './regions/convergence.ts';
import { downtimeLimit } from './regions/downtime-limit.ts';
import { migrationPhases } from './regions/migration-phases.ts';
import { rightDestination } from './regions/right-destination.ts';

/**
 * A live migration that the source daemon drives (PEER2PEER). We start it, watch both daemons, and
 * when its end is not beyond doubt, look at both before anything is decided.
 */
export const peer2peerMigration = peer2peerSetup.createMachine({
  id: 'peer2peerMigration',
  version: '1',
  description:
    'The source daemon drives the migration; we watch both ends and decide by what they show.',
  context: ({ input }) => startingContext(input),
  output: ({ event }) => event.output as Peer2peerOutput,
  initial: 'migrating',
  states: {
    migrating: {
      description: 'Both hosts are watched as long as it is not certain where the guest runs.',
      type: 'parallel',
      invoke: [
        {
          id: 'watchSource',
          src: 'watchSource',
          input: onSource,
          onError: { actions: { type: 'noteBlindness', params: { peer: 'source' } } },
        },
        {
          id: 'watchDestination',
          src: 'watchDestination',
          input: onDestination,
          onError: { actions: { type: 'noteBlindness', params: { peer: 'destination' } } },
        },
      ],
      on: {
        'source.*': { actions: { type: 'noteEvidence', params: ({ event }) => ({ event }) } },
        'destination.*': { actions: { type: 'noteEvidence', params: ({ event }) => ({ event }) } },
      },
      states: {
        phases: migrationPhases,
        convergence,
        downtimeLimit,
        rightDestination,
        oneCopy: {
          description: 'Guards the first rule: never two running copies of one guest.',
          initial: 'trusting',
          states: {
            trusting: {
              description: 'By all that was seen, at most one copy runs.',
              always: { guard: 'bothSeemToRun', target: 'doubting' },
            },
            doubting: {
              description: 'Events of two hosts may cross; only a look at both tells.',
              meta: { call: 'virDomainGetState' },
              invoke: {
                id: 'lookForTwo',
                src: 'inspectPeers',
                input: onBoth,
                onDone: [
                  {
                    guard: { type: 'bothRunIn', params: lookOf },
                    target: '#splitBrain',
                    actions: { type: 'noteLook', params: lookOf },
                  },
                  { target: 'stillDoubting', actions: { type: 'noteLook', params: lookOf } },
                ],
                onError: 'stillDoubting',
              },
            },
            stillDoubting: {
              description:
                'The look cleared the doubt, or a host did not answer: then asked again.',
              always: { guard: 'atMostOneSeemsToRun', target: 'trusting' },
              after: { askAgain: 'doubting' },
            },
          },
        },
        execution: {
          description: 'The call to the source daemon, and what is done when its end is in doubt.',
          initial: 'performing',
          states: {
            performing: {
              description: 'The source daemon works; its reply ends the migration.',
              meta: { call: 'virDomainMigrateToURI3', novaTaskState: 'migrating' },
              invoke: {
                id: 'perform',
                src: 'performMigration',
                input: ({ context }) => ({ ...onSource({ context }), call: context.call }),
                onDone: {
                  target: '#completed',
                  actions: [
                    { type: 'noteReply', params: ({ event }) => event.output },
                    'forgiveFailure',
                  ],
                },
                onError: {
                  target: 'uncertain',
                  actions: {
                    type: 'recordFailure',
                    params: ({ event }) => ({ error: event.error }),
                  },
                },
              },
            },
            uncertain: {
              description: 'The call failed or its reply is lost: both hosts are asked.',
              initial: 'settling',
              after: { peerWait: '#needsOperator' },
              states: {
                settling: {
                  description: 'A suspend still under way would make the first look a lie.',
                  always: { guard: 'isSuspendSettled', target: 'inspecting' },
                },
                inspecting: {
                  description: 'What does each daemon hold now?',
                  meta: { call: 'virDomainGetState on both hosts' },
                  invoke: {
                    id: 'look',
                    src: 'inspectPeers',
                    input: onBoth,
                    onDone: { target: 'deciding', actions: { type: 'noteLook', params: lookOf } },
                    onError: 'waiting',
                  },
                },
                deciding: {
                  description: 'From what both showed, and from nothing else.',
                  always: [
                    { guard: shows('bothRun'), target: '#splitBrain' },
                    { guard: shows('jobActive'), target: '#following' },
                    {
                      guard: shows('switchedOver'),
                      target: '#completed',
                      actions: 'forgiveFailure',
                    },
                    { guard: shows('sourceStale'), target: 'endingStaleSource' },
                    { guard: shows('incomingLeft'), target: 'endingIncoming' },
                    { guard: shows('unchanged'), target: '#rolledBack' },
                    { guard: shows('sourceToResume'), target: 'resumingSource' },
                    { guard: shows('overtaken'), target: '#needsOperator' },
                    { guard: shows('guestGone'), target: '#needsOperator' },
                    { target: 'waiting' },
                  ],
                },
                waiting: {
                  description: 'A host does not answer, and its answer decides.',
                  after: { askAgain: 'inspecting' },
                },
                endingIncoming: {
                  description: 'A QEMU that waits on the destination must not run any more.',
                  tags: ['rollingBack'],
                  meta: { call: 'virDomainDestroy' },
                  invoke: {
                    id: 'endIncoming',
                    src: 'destroyIncoming',
                    input: onDestination,
                    onDone: 'inspecting',
                    onError: 'waiting',
                  },
                },
                resumingSource: {
                  description: 'The destination never ran: the guest goes on where it was.',
                  tags: ['rollingBack', 'guestPaused'],
                  meta: { call: 'virDomainResume' },
                  invoke: {
                    id: 'resume',
                    src: 'resumeSource',
                    input: onSource,
                    onDone: 'inspecting',
                    onError: 'waiting',
                  },
                },
                endingStaleSource: {
                  description: 'The destination runs: the paused older copy must never run again.',
                  tags: ['pointOfNoReturn'],
                  meta: { call: 'virDomainDestroy' },
                  invoke: {
                    id: 'destroy',
                    src: 'destroySource',
                    input: onSource,
                    onDone: 'inspecting',
                    onError: 'waiting',
                  },
                },
              },
            },
            following: {
              id: 'following',
              description: 'The source daemon goes on without us: wait for the end of its job.',
              meta: { call: 'virDomainGetJobStats' },
              invoke: {
                id: 'follow',
                src: 'followMigration',
                input: onSource,
                onDone: 'uncertain',
                onError: 'uncertain',
              },
            },
          },
        },
      },
    },
    splitBrain: {
      id: 'splitBrain',
      description: 'Two copies run. Both may have written; no program can merge them.',
      initial: 'choosing',
      entry: 'noteSplitBrain',
      after: { peerWait: '#needsOperator' },
      states: {
        choosing: {
          description: 'Whoever asked only for a report decides without us.',
          always: [
            { guard: 'onlyReportsSplitBrain', target: '#needsOperator' },
            { target: 'suspendingSource' },
          ],
        },
        suspendingSource: {
          description: "The source's copy is stopped: the destination's state is the newer one.",
          tags: ['pointOfNoReturn'],
          meta: { call: 'virDomainSuspend' },
          invoke: {
            id: 'suspendOlderCopy',
            src: 'suspendSource',
            input: onSource,
            onDone: 'looking',
            onError: 'looking',
          },
        },
        looking: {
          description: 'What the operator is told is what both hosts show now.',
          tags: ['pointOfNoReturn'],
          meta: { call: 'virDomainGetState on both hosts' },
          invoke: {
            id: 'lookAfterSplit',
            src: 'inspectPeers',
            input: onBoth,
            onDone: [
              {
                guard: { type: 'mayBothRun', params: lookOf },
                target: 'stillTwo',
                actions: { type: 'noteLook', params: lookOf },
              },
              { target: '#needsOperator', actions: { type: 'noteLook', params: lookOf } },
            ],
            onError: 'stillTwo',
          },
        },
        stillTwo: {
          description: 'The source could not be stopped yet; it is tried again.',
          tags: ['pointOfNoReturn'],
          after: { askAgain: 'suspendingSource' },
        },
      },
    },
    completed: {
      id: 'completed',
      type: 'final',
      description: 'The guest runs on the destination, and nowhere else.',
      output: ({ context }) => ({ outcome: 'completed', ...reportOf(context) }),
    },
    rolledBack: {
      id: 'rolledBack',
      type: 'final',
      description: 'The guest is on the source as it was.',
      output: ({ context }) => ({ outcome: 'rolledBack', ...rolledBackReport(context) }),
    },
    needsOperator: {
      id: 'needsOperator',
      type: 'final',
      tags: ['waitingForOperator'],
      description: 'No program can know or act; what each host holds is told.',
      output: ({ context }) => ({ outcome: 'needsOperator', ...operatorReport(context) }),
    },
  },
});
