import { peer2peerSetup, replyOf, resumeFromSource } from './peer2peer-migration.setup.ts';
import { onSource } from './policy/domain-on-host.ts';
import { startingContext } from './policy/migration/protocol-context.ts';
import type { ProtocolOutput } from './protocol-setup.ts';
import { convergence } from './regions/convergence.ts';
import { nothingEarly } from './regions/measures.ts';
import { migrationPhases } from './regions/migration-phases.ts';
import { oneCopy } from './regions/one-copy.ts';
import { leftWhenBroken, postcopyBroken } from './regions/postcopy-broken.ts';
import { postcopy } from './regions/postcopy.ts';
import { rightDestination } from './regions/right-destination.ts';
import { bothWatched, protocolEnds } from './regions/protocol-frame.ts';
import { splitBrain } from './regions/split-brain.ts';
import { fetching, following, uncertain } from './regions/uncertain.ts';

/**
 * A live migration that the source daemon drives (PEER2PEER). We start it, watch both daemons, and
 * when its end is not beyond doubt, look at both before anything is decided.
 */
export const peer2peerMigration = peer2peerSetup.createMachine({
  id: 'peer2peerMigration',
  version: '3',
  description:
    'The source daemon drives the migration; we watch both ends and decide by what they show.',
  context: ({ input }) => startingContext(input, 'sourceDaemon'),
  output: ({ event }) => event.output as ProtocolOutput,
  initial: 'migrating',
  states: {
    migrating: {
      ...bothWatched,
      states: {
        phases: migrationPhases,
        postcopy,
        convergence: convergence(nothingEarly),
        rightDestination,
        oneCopy,
        execution: {
          description: 'The call to the source daemon, and what is done when its end is in doubt.',
          initial: 'performing',
          states: {
            performing: {
              description: 'The source daemon works; its reply ends the migration.',
              meta: { call: 'virDomainMigrateToURI3', novaTaskState: 'migrating' },
              on: leftWhenBroken,
              invoke: {
                id: 'perform',
                src: 'performMigration',
                input: ({ context }) => ({ ...onSource({ context }), call: context.call }),
                onDone: {
                  target: '#completed',
                  actions: [{ type: 'noteReply', params: replyOf }, 'forgiveFailure'],
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
            uncertain: uncertain([], {}),
            following,
            fetching,
            postcopyBroken: postcopyBroken({
              description: 'The source daemon is asked to go on where the stream broke.',
              meta: { call: 'virDomainMigrateToURI3 with POSTCOPY_RESUME' },
              invoke: {
                id: 'recover',
                src: 'performMigration',
                input: resumeFromSource,
                onDone: {
                  target: '#completed',
                  actions: [{ type: 'noteReply', params: replyOf }, 'forgiveFailure'],
                },
                onError: 'looking',
              },
            }),
          },
        },
      },
    },
    splitBrain,
    ...protocolEnds,
  },
});
