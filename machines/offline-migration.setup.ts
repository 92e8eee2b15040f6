import { assign, setup } from 'xstate';

import type { Failure } from '../src/ports/failure.ts';
import type { MigrationCommand, MigrationEvent } from './migration-events.ts';
import type { DomainOnHost, DomainOnPeers } from './policy/domain-on-host.ts';
import { onBoth } from './policy/domain-on-host.ts';
import {
  abortRequested,
  finishRefused,
  readFailure,
  sourceSilent,
  sourceUnwatched,
} from './policy/failures.ts';
import { isLate } from './policy/late-timers.ts';
import type { LibvirtPhase } from './policy/migration/phases.ts';
import type {
  CopiesOnSource,
  DiskCopied,
  DiskOnPeers,
  OfflineContext,
  OfflineInput,
} from './policy/migration/offline-context.ts';
import {
  hasBegun,
  isAbsentThere,
  isDefinedThere,
  isDiskChanged,
  isHalfThere,
  isStarted,
  nextDisk,
  startedMeanwhile,
} from './policy/migration/offline-context.ts';
import type { FinishDone, PhaseDone, PhaseInput } from './policy/migration/phase-calls.ts';
import type { PeersView } from './policy/peers.ts';
import type { ProtocolOutput } from './protocol-setup.ts';
import { effectSlot, watchSlot } from './slots.ts';
import type { StateMeta, StateTag } from './state-meta.ts';

type Context = { readonly context: OfflineContext };
type Done = { readonly event: { readonly output: PhaseDone } };

export const phaseInput = ({ context }: Context): PhaseInput => ({
  ...onBoth({ context }),
  call: context.call,
});
export const diskInput = ({ context }: Context): DiskOnPeers => ({
  ...onBoth({ context }),
  disk: nextDisk(context),
});
export const notesCopy = {
  type: 'noteCopy',
  params: ({ event }: { readonly event: { readonly output: DiskCopied } }) => event.output,
} as const;
/** The phase that begins where the one before has ended. */
export const begins = (phase: LibvirtPhase) =>
  ({
    type: 'beginPhase',
    params: ({ event }: Done) => ({ phase, atEpochMs: event.output.atEpochMs }),
  }) as const;
type Failed = { readonly event: { readonly error: unknown } };
const errorOf = ({ event }: Failed) => ({ error: event.error });
export const failsWith = { type: 'recordFailure', params: errorOf } as const;
/** What stands at the path by now is somebody else's. */
export const madeNothing = { type: 'madeNothing', params: errorOf } as const;
export const fails = (failure: Failure) =>
  ({ type: 'recordFailure', params: { error: failure } }) as const;
export { abortRequested, finishRefused, sourceSilent, sourceUnwatched, startedMeanwhile };

/** Names and types of everything that the chart of `offlineMigration` speaks of. */
export const offlineSetup = setup({
  types: {
    input: {} as OfflineInput,
    context: {} as OfflineContext,
    events: {} as MigrationEvent | MigrationCommand,
    output: {} as ProtocolOutput,
    tags: {} as StateTag,
    meta: {} as StateMeta,
  },
  actors: {
    watchSource: watchSlot<MigrationEvent, DomainOnHost>('watchSource'),
    holdLink: watchSlot<MigrationEvent, DomainOnPeers>('holdLink'),
    makeVolume: effectSlot<PhaseDone, DiskOnPeers>('makeVolume'),
    copyDisk: effectSlot<DiskCopied, DiskOnPeers>('copyDisk'),
    compareCopies: effectSlot<void, CopiesOnSource>('compareCopies'),
    forgetHalfMoved: effectSlot<void, DomainOnHost>('forgetHalfMoved'),
    inspectPeers: effectSlot<PeersView, DomainOnPeers>('inspectPeers'),
    begin: effectSlot<PhaseDone, PhaseInput>('begin'),
    prepare: effectSlot<PhaseDone, PhaseInput>('prepare'),
    finish: effectSlot<FinishDone, PhaseInput>('finish'),
    confirm: effectSlot<PhaseDone, PhaseInput>('confirm'),
    confirmCancelled: effectSlot<PhaseDone, PhaseInput>('confirmCancelled'),
  },
  actions: {
    recordFailure: assign(({ context }, params: { error: unknown }) => ({
      failure: context.failure ?? readFailure(params.error),
    })),
    forgiveFailure: assign({ failure: null }),
    noteLook: assign((_, params: { peers: PeersView }) => ({ peers: params.peers })),
    noteCopy: assign(({ context }, { changedAt }: DiskCopied) => ({
      copies: [...context.copies, { disk: nextDisk(context), changedAt }],
    })),
    /** Before it is made: whatever comes of the call, the volume may be ours then. */
    noteVolume: assign(({ context }) => ({
      volumesMade: [...context.volumesMade, nextDisk(context).to],
    })),
    forgetVolume: assign(({ context }) => ({ volumesMade: context.volumesMade.slice(0, -1) })),
    beginPhase: assign(
      ({ context }, { phase, atEpochMs }: { phase: LibvirtPhase; atEpochMs: number }) => ({
        phases: [...context.phases, { phase, atEpochMs, evidence: 'ours' } as const],
      }),
    ),
  },
  guards: {
    isLate,
    holdsGuest: (_, params: FinishDone) => params.holds === 'guest',
    hasNextDisk: ({ context }) => context.copies.length < context.disks.length,
    madeNothing: (_, params: { error: unknown }) => readFailure(params.error).effect === 'none',
    sawChange: (_, params: { error: unknown }) => isDiskChanged(params.error),
    hasDisks: ({ context }) => context.disks.length > 0,
    hasStarted: (_, params: { peers: PeersView }) => isStarted(params.peers),
    isSourceSilent: (_, params: { peers: PeersView }) => !params.peers.source.reachable,
    isDefinedThere: ({ context }, params: { peers: PeersView }) =>
      isDefinedThere(context, params.peers),
    isHalfThere: ({ context }, params: { peers: PeersView }) =>
      hasBegun(context, 'PREPARE') && isHalfThere(params.peers),
    isAbsentThere: (_, params: { peers: PeersView }) => isAbsentThere(params.peers),
  },
  delays: { peerWait: ({ context }) => context.peerWaitMs, askAgain: 1000 },
});
