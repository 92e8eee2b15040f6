import { setup } from 'xstate';

import type { MigrateCall } from '../src/ports/migration.ts';
import type { DomainOnHost } from './policy/domain-on-host.ts';
import { onSource } from './policy/domain-on-host.ts';
import { wrongDestination } from './policy/failures.ts';
import { hasReached, hasShown, reachEnd } from './policy/migration/phases.ts';
import { resuming } from './policy/migration/phase-calls.ts';
import type { ProtocolContext } from './policy/migration/protocol-context.ts';
import type { PeersView } from './policy/peers.ts';
import { hasOutgoingJob, holdsNothing } from './policy/peers.ts';
import {
  changes,
  protocolActions,
  protocolActors,
  protocolDelays,
  protocolGuards,
  protocolTypes,
} from './protocol-setup.ts';
import { effectSlot } from './slots.ts';

type Context = { readonly context: ProtocolContext };

export const replyOf = ({ event }: { event: { output: { atEpochMs: number } } }) => event.output;
export const resumeFromSource = ({ context }: Context) => ({
  ...onSource({ context }),
  call: resuming({ context }),
});

/** Names and types of everything that the chart of `peer2peerMigration` speaks of. */
export const peer2peerSetup = setup({
  types: protocolTypes,
  actors: {
    ...protocolActors,
    performMigration: effectSlot<{ atEpochMs: number }, DomainOnHost & { call: MigrateCall }>(
      'performMigration',
    ),
  },
  actions: {
    ...protocolActions,
    noteReply: changes((context, { atEpochMs }: { atEpochMs: number }) => ({
      reached: reachEnd(context.reached, 'confirm3', atEpochMs),
      replied: true,
    })),
    recordWrongDestination: changes((context) => ({
      failure: context.failure ?? wrongDestination,
    })),
  },
  guards: {
    ...protocolGuards,
    isUnseenThere: ({ context }: Context) =>
      hasReached(context.reached, 'perform3') && !hasShown(context.reached, 'prepare'),
    /** A migration that is over has left nothing there, wherever it went to. */
    isNothingThere: (_: Context, { peers }: { peers: PeersView }) =>
      holdsNothing(peers.destination) && hasOutgoingJob(peers.source),
  },
  delays: protocolDelays,
});
