import { setup } from 'xstate';

import type { MigrationEvent } from './migration-events.ts';
import type { DomainOnPeers } from './policy/domain-on-host.ts';
import type { Milestone } from './policy/migration/phases.ts';
import { reachByCall, reachByReply } from './policy/migration/phases.ts';
import type { FinishDone, PhaseDone, PhaseInput } from './policy/migration/phase-calls.ts';
import { hasOutgoingJob, judgePeers } from './policy/peers.ts';
import type { Verdict } from './policy/peers.ts';
import type { ProtocolContext } from './policy/migration/protocol-context.ts';
import {
  canBeCalledOff,
  isOutOfTime,
  isPerforming,
  situationOf,
} from './policy/migration/protocol-context.ts';
import { finishRefused, finishSilent, linkLost, readFailure } from './policy/failures.ts';
import {
  changes,
  protocolActions,
  protocolActors,
  protocolDelays,
  protocolGuards,
  protocolTypes,
  tell,
} from './protocol-setup.ts';
import { effectSlot, watchSlot } from './slots.ts';

type Context = { readonly context: ProtocolContext };

type Done = { readonly event: { readonly output: PhaseDone } };
type Failed = { readonly event: { readonly error: unknown } };

export const failsWith = {
  type: 'recordFailure',
  params: ({ event }: Failed) => ({ error: event.error }),
} as const;
/** A phase that no daemon has heard of was never reached. */
export const notSent = (milestone: Milestone) =>
  ({
    type: 'takeBackUnsent',
    params: ({ event }: Failed) => ({ milestone, error: event.error }),
  }) as const;
export const noteCancelled = {
  type: 'noteCancelled',
  params: ({ event }: Done) => event.output,
} as const;
/** What both hosts show while the source's job waits for our Confirm. */
export const heldAndShows = (verdict: Verdict) =>
  ({ type: 'heldAndShows', params: { verdict } }) as const;

/** Names and types of everything that the chart of `directMigration` speaks of. */
export const directSetup = setup({
  types: protocolTypes,
  actors: {
    ...protocolActors,
    holdLink: watchSlot<MigrationEvent, DomainOnPeers>('holdLink'),
    begin: effectSlot<PhaseDone, PhaseInput>('begin'),
    prepare: effectSlot<PhaseDone, PhaseInput>('prepare'),
    perform: effectSlot<PhaseDone, PhaseInput>('perform'),
    finish: effectSlot<FinishDone, PhaseInput>('finish'),
    finishCancelled: effectSlot<FinishDone, PhaseInput>('finishCancelled'),
    confirm: effectSlot<PhaseDone, PhaseInput>('confirm'),
    confirmCancelled: effectSlot<PhaseDone, PhaseInput>('confirmCancelled'),
    destroyHalf: effectSlot<void, DomainOnPeers>('destroyHalf'),
  },
  actions: {
    ...protocolActions,
    noteLinkOpened: changes((_, { atEpochMs }: { atEpochMs: number }) => ({
      link: { source: 'open', destination: 'open' },
      linkedAtEpochMs: atEpochMs,
    })),
    /** The source drops the job of a client that is gone. */
    noteSourceLinkLost: changes(({ link }) => ({
      link: { ...link, source: 'lost' },
      holdsJob: false,
    })),
    noteDestinationLinkLost: changes(({ link }) => ({ link: { ...link, destination: 'lost' } })),
    noteLinkFailure: changes((context, { error }: { error: unknown }) => ({
      link: { source: 'lost', destination: 'lost' },
      failure: context.failure ?? readFailure(error),
      holdsJob: false,
    })),
    noteLinkReleased: changes(() => ({
      link: { source: 'lost', destination: 'lost' },
      holdsJob: false,
    })),
    wantLink: tell({ type: 'link.wanted' }),
    /** Nobody knows whether the source still holds the job for us: without us it ends. */
    dropLink: tell({ type: 'link.unwanted' }),
    askFinish: changes(() => ({ finish: 'asked' })),
    noteNothingRan: changes(({ failure }) => ({
      finish: 'ranNothing',
      failure: failure ?? finishRefused,
    })),
    beginFirstPhase: changes(({ reached, linkedAtEpochMs }) => ({
      reached: reachByCall(reached, 'begin3', linkedAtEpochMs ?? 0),
    })),
    beginPhase: changes(
      ({ reached }, { milestone, atEpochMs }: { milestone: Milestone; atEpochMs: number }) => ({
        reached: reachByCall(reached, milestone, atEpochMs),
      }),
    ),
    endPhase: changes(
      (
        { reached },
        { milestone, atEpochMs }: { milestone: 'finish3' | 'confirm3'; atEpochMs: number },
      ) => ({ reached: reachByReply(reached, milestone, atEpochMs) }),
    ),
    /** What the hosts have shown since proves that it was reached all the same. */
    takeBackUnsent: changes(
      ({ reached }, { milestone, error }: { milestone: Milestone; error: unknown }) => {
        const { effect, libvirt } = readFailure(error);
        const isUnsent = effect === 'none' && libvirt === undefined;
        return isUnsent && reached.at(-1)?.milestone === milestone
          ? { reached: reached.slice(0, -1) }
          : {};
      },
    ),
    /** A reply that comes after its connection was given up is of a job that is gone. */
    takeJob: changes(({ link }) => ({ holdsJob: link.source === 'open' })),
    notePerforms: changes(() => ({ performs: true })),
    recordFinishSilent: changes(({ failure }) => ({ failure: failure ?? finishSilent })),
    recordLinkLost: changes(({ failure }) => ({ failure: failure ?? linkLost })),
    noteLinkWanted: changes(() => ({ link: { source: 'none', destination: 'none' } })),
    releaseJob: changes(() => ({ holdsJob: false })),
    noteCancelled: changes((_, { atEpochMs }: PhaseDone) => ({
      cancelledAtEpochMs: atEpochMs,
      holdsJob: false,
    })),
  },
  guards: {
    ...protocolGuards,
    isBeforePerform: ({ context }: Context) => canBeCalledOff(context) && !isPerforming(context),
    isOutOfTimeBeforePerform: ({ context }: Context) =>
      isOutOfTime(context) && !isPerforming(context),
    copiesStorage: ({ context }: Context) => context.call.copyDisks.length > 0,
    isLinked: ({ context }: Context) =>
      context.link.source === 'open' && context.link.destination === 'open',
    hasLinkFailed: ({ context }: Context) =>
      context.link.source === 'lost' || context.link.destination === 'lost',
    isCalledOff: ({ context }: Context) => context.failure !== null,
    holdsJobUnperformed: ({ context }: Context) => context.holdsJob && !context.performs,
    holdsGuest: (_: Context, params: FinishDone) => params.holds === 'guest',
    heldAndShows: ({ context }: Context, params: { verdict: Verdict }) =>
      context.holdsJob &&
      context.peers !== null &&
      hasOutgoingJob(context.peers.source) &&
      judgePeers(context.peers, situationOf(context)) === params.verdict,
  },
  delays: {
    ...protocolDelays,
    // Writing out the copied disks is part of it.
    finishWait: 300_000,
  },
});
