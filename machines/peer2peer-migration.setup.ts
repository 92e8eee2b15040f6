import { and, assign, not, setup, stateIn } from 'xstate';

import type { MigrationCommand, MigrationEvent } from './migration-events.ts';
import type { DomainOnHost, DomainOnPeers } from './policy/domain-on-host.ts';
import {
  abortRequested,
  readFailure,
  timeBudgetExceeded,
  wrongDestination,
} from './policy/failures.ts';
import type { Milestone } from './policy/migration-phases.ts';
import { hasObserved, hasReached, reach } from './policy/migration-phases.ts';
import type {
  MigrationReport,
  Peer2peerContext,
  Peer2peerInput,
} from './policy/peer2peer-context.ts';
import {
  afterEvidence,
  afterLook,
  canBeCalledOff,
  situationOf,
} from './policy/peer2peer-context.ts';
import type { PeersView, Verdict } from './policy/peers.ts';
import { holdsNothing, judgePeers, mayBothRun } from './policy/peers.ts';
import { effectSlot, watchSlot } from './slots.ts';
import type { Outcome, StateMeta, StateTag } from './state-meta.ts';

type Context = { context: Peer2peerContext };
export type Peer2peerOutput = MigrationReport & { outcome: Exclude<Outcome, 'refused'> };

export const lookOf = ({ event }: { event: { output: PeersView } }) => ({ peers: event.output });
export const shows = (verdict: Verdict) => ({ type: 'peersShow', params: { verdict } }) as const;

/** Names and types of everything that the chart of `peer2peerMigration` speaks of. */
export const peer2peerSetup = setup({
  types: {
    input: {} as Peer2peerInput,
    context: {} as Peer2peerContext,
    events: {} as MigrationEvent | MigrationCommand,
    output: {} as Peer2peerOutput,
    tags: {} as StateTag,
    meta: {} as StateMeta,
  },
  actors: {
    performMigration: effectSlot<
      { atEpochMs: number },
      DomainOnHost & { call: Peer2peerInput['call'] }
    >('performMigration'),
    followMigration: effectSlot<{ atEpochMs: number }, DomainOnHost>('followMigration'),
    inspectPeers: effectSlot<PeersView, DomainOnPeers>('inspectPeers'),
    abortJob: effectSlot<void, DomainOnHost>('abortJob'),
    setMaxDowntime: effectSlot<void, DomainOnHost & { downtimeMs: number }>('setMaxDowntime'),
    suspendSource: effectSlot<void, DomainOnHost>('suspendSource'),
    resumeSource: effectSlot<void, DomainOnHost>('resumeSource'),
    destroyIncoming: effectSlot<void, DomainOnHost>('destroyIncoming'),
    destroySource: effectSlot<void, DomainOnHost>('destroySource'),
    watchSource: watchSlot<MigrationEvent, DomainOnHost>('watchSource'),
    watchDestination: watchSlot<MigrationEvent, DomainOnHost>('watchDestination'),
  },
  actions: {
    noteEvidence: assign(({ context }, params: { event: MigrationEvent }) =>
      afterEvidence(context, params.event),
    ),
    noteReply: assign(({ context }, params: { atEpochMs: number }) => ({
      reached: reach(context.reached, 'confirm3', params.atEpochMs),
      replied: true,
    })),
    noteLook: assign(({ context }, params: { peers: PeersView }) =>
      afterLook(context, params.peers),
    ),
    noteBlindness: assign(({ context }, params: { peer: 'source' | 'destination' }) => ({
      watchBroken: { ...context.watchBroken, [params.peer]: true },
    })),
    /** The first cause stays: an aborted migration also fails. */
    recordFailure: assign(({ context }, params: { error: unknown }) => {
      const failure = readFailure(params.error);
      return { failure: context.failure ?? failure, replied: failure.libvirt !== undefined };
    }),
    recordAbort: assign({ failure: abortRequested }),
    recordTimeout: assign({ failure: timeBudgetExceeded }),
    recordWrongDestination: assign(({ context }) => ({
      failure: context.failure ?? wrongDestination,
    })),
    noteSplitBrain: assign({ sawSplitBrain: true }),
    forgiveFailure: assign({ failure: null }),
  },
  guards: {
    hasReached: ({ context }, params: { milestone: Milestone }) =>
      hasReached(context.reached, params.milestone),
    copiesStorage: ({ context }) => context.call.copyDisks.length > 0,
    hasTimeBudget: ({ context }) => context.timeoutMs !== null,
    hasDowntimeLimit: ({ context }) => context.call.options.maxDowntimeMs !== null,
    isAbortable: ({ context }) => canBeCalledOff(context),
    abortsOnTimeout: ({ context }) => context.onTimeout === 'abort' && canBeCalledOff(context),
    forcesOnTimeout: ({ context }) =>
      context.onTimeout === 'forceComplete' && canBeCalledOff(context),
    isCopying: and([
      not(stateIn({ migrating: { execution: 'uncertain' } })),
      ({ context }: Context) => canBeCalledOff(context) && hasReached(context.reached, 'perform3'),
    ]),
    isSuspendSettled: not(stateIn({ migrating: { convergence: 'forcing' } })),
    isUnseenThere: ({ context }) =>
      hasReached(context.reached, 'perform3') && !hasObserved(context.reached, 'prepare'),
    isNothingThere: (_, params: { peers: PeersView }) => holdsNothing(params.peers.destination),
    bothSeemToRun: ({ context }) => context.runs.source && context.runs.destination,
    atMostOneSeemsToRun: ({ context }) => !(context.runs.source && context.runs.destination),
    bothRunIn: ({ context }, params: { peers: PeersView }) =>
      judgePeers(params.peers, situationOf(context)) === 'bothRun',
    mayBothRun: (_, params: { peers: PeersView }) => mayBothRun(params.peers),
    onlyReportsSplitBrain: ({ context }) => context.onSplitBrain === 'report',
    peersShow: ({ context }, params: { verdict: Verdict }) =>
      context.peers !== null && judgePeers(context.peers, situationOf(context)) === params.verdict,
  },
  delays: {
    timeBudget: ({ context }) => context.timeoutMs ?? 0,
    peerWait: ({ context }) => context.peerWaitMs,
    askAgain: 1000,
  },
});
