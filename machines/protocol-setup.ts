import { assign, not, raise, stateIn } from 'xstate';

import type { Failure } from '../src/ports/failure.ts';
import type { ProtocolNotice, MigrationCommand, MigrationEvent } from './migration-events.ts';
import { isStalled } from './policy/migration/convergence.ts';
import type { DomainOnHost, DomainOnPeers } from './policy/domain-on-host.ts';
import {
  abortRequested,
  forcedInVain,
  postcopyBroke,
  readFailure,
  stalled,
  timeBudgetExceeded,
} from './policy/failures.ts';
import { isLate } from './policy/late-timers.ts';
import type { Milestone } from './policy/migration/phases.ts';
import { hasReached } from './policy/migration/phases.ts';
import type {
  ProtocolContext,
  ProtocolInput,
  Tuning,
} from './policy/migration/protocol-context.ts';
import type { MigrationReport } from './policy/migration/protocol-report.ts';
import {
  afterEvidence,
  afterLook,
  canBeCalledOff,
  isOurs,
  isOutOfTime,
  isPerforming,
  isTunable,
  mayGoOver,
  situationOf,
} from './policy/migration/protocol-context.ts';
import type { PeersView, Verdict } from './policy/peers.ts';
import { isPostcopyBroken, judgePeers, mayBothRun } from './policy/peers.ts';
import {
  afterNextStep,
  afterTaken,
  hasNextStep,
  isWanted,
  nextStepAfterMs,
  withBandwidth,
  withDowntimeByHand,
} from './policy/migration/tuning.ts';
import { effectSlot, watchSlot } from './slots.ts';
import type { Outcome, StateMeta, StateTag } from './state-meta.ts';

/** What every protocol chart speaks of: `peer2peerMigration` and `directMigration` add their own. */
export type ProtocolOutput = MigrationReport & { outcome: Exclude<Outcome, 'refused'> };
export type ProtocolEvent = MigrationEvent | MigrationCommand | ProtocolNotice;

type Context = { readonly context: ProtocolContext };
type Cause = 'budget' | 'stall' | 'force';

export const protocolTypes = {
  input: {} as ProtocolInput,
  context: {} as ProtocolContext,
  events: {} as ProtocolEvent,
  output: {} as ProtocolOutput,
  tags: {} as StateTag,
  meta: {} as StateMeta,
};

type Taken = { what: keyof Tuning['taken']; value: number };

export const protocolActors = {
  followMigration: effectSlot<{ atEpochMs: number }, DomainOnHost>('followMigration'),
  inspectPeers: effectSlot<PeersView, DomainOnPeers>('inspectPeers'),
  abortJob: effectSlot<void, DomainOnHost>('abortJob'),
  setMaxDowntime: effectSlot<Taken, DomainOnHost & { downtimeMs: number }>('setMaxDowntime'),
  setBandwidth: effectSlot<Taken, DomainOnHost & { mibPerS: number }>('setBandwidth'),
  startPostcopy: effectSlot<void, DomainOnHost>('startPostcopy'),
  suspendSource: effectSlot<void, DomainOnHost>('suspendSource'),
  resumeSource: effectSlot<void, DomainOnHost>('resumeSource'),
  destroyIncoming: effectSlot<void, DomainOnHost>('destroyIncoming'),
  destroySource: effectSlot<void, DomainOnHost>('destroySource'),
  watchSource: watchSlot<MigrationEvent, DomainOnHost>('watchSource'),
  watchDestination: watchSlot<MigrationEvent, DomainOnHost>('watchDestination'),
};

/** An action that changes the context and nothing else. */
export const changes = <Params>(
  change: (context: ProtocolContext, params: Params) => Partial<ProtocolContext>,
) =>
  assign<ProtocolContext, ProtocolEvent, Params, ProtocolEvent, never>(({ context }, params) =>
    change(context, params),
  );

export const tell = (notice: ProtocolNotice) =>
  raise<ProtocolContext, ProtocolEvent, ProtocolEvent, undefined>(notice);

export const protocolActions = {
  noteEvidence: changes((context, { event }: { event: MigrationEvent }) =>
    afterEvidence(context, event),
  ),
  noteLook: changes((context, { peers }: { peers: PeersView }) => afterLook(context, peers)),
  noteBlindness: changes((context, { peer }: { peer: 'source' | 'destination' }) => ({
    watchBroken: { ...context.watchBroken, [peer]: true },
  })),
  /** The first cause stays: an aborted migration also fails. */
  recordFailure: changes((context, { error }: { error: unknown }) => {
    const failure = readFailure(error);
    return { failure: context.failure ?? failure, replied: failure.libvirt !== undefined };
  }),
  recordAbort: changes(() => ({ failure: abortRequested })),
  recordGivenUp: changes((_, { cause }: { cause: Cause }) => ({ failure: givenUpBy[cause] })),
  noteSplitBrain: changes(() => ({ sawSplitBrain: true })),
  forgiveFailure: changes(() => ({ failure: null })),
  wantNextDowntime: changes((context) => ({ tuning: afterNextStep(context) })),
  wantDowntime: changes((context, { downtimeMs }: { downtimeMs: number }) => ({
    tuning: withDowntimeByHand(context, downtimeMs),
  })),
  wantBandwidth: changes((context, { mibPerS }: { mibPerS: number }) => ({
    tuning: withBandwidth(context.tuning, mibPerS),
  })),
  noteTaken: changes(({ tuning }, { what, value }: Taken) => ({
    tuning: afterTaken(tuning, what, value),
  })),
  countPassesAnew: changes(({ passes }) => ({ passes: { ...passes, sinceLeast: 0 } })),
  noteBudgetSpent: changes(() => ({ budgetSpent: true })),
  giveUp: changes(() => ({ gaveUp: true })),
  waitAnew: changes(() => ({ gaveUp: false })),
  tellHung: tell({ type: 'postcopy.hung' }),
  recordBreak: changes(({ failure }) => ({ failure: failure ?? postcopyBroke })),
  tellStall: tell({ type: 'stall.noticed' }),
};

const givenUpBy: Readonly<Record<Cause, Failure>> = {
  budget: timeBudgetExceeded,
  stall: stalled,
  force: forcedInVain,
};

/** A suspend on its way: what a look shows meanwhile may change at once. */
const isForcing = stateIn<ProtocolContext, ProtocolEvent, unknown>({
  migrating: { convergence: { measures: 'forcing' } },
});

const isPossible = (action: string, context: ProtocolContext): boolean =>
  action === 'postcopy' ? mayGoOver(context) : canBeCalledOff(context);

export const protocolGuards = {
  isLate,
  hasReached: ({ context }: Context, params: { milestone: Milestone }) =>
    hasReached(context.reached, params.milestone),
  hasTimeBudget: ({ context }: Context) => context.convergence.budgetMs !== null,
  isStalled: ({ context }: Context) =>
    canBeCalledOff(context) && isStalled(context.passes, context.convergence),
  isAbortable: ({ context }: Context) => canBeCalledOff(context),
  hasJob: ({ context }: Context) => hasReached(context.reached, 'begin3') && isOurs(context),
  isRampOver: ({ context }: Context) => !canBeCalledOff(context) || !hasNextStep(context),
  isTunable: ({ context }: Context) => isTunable(context),
  answersWith: ({ context }: Context, params: { cause: Cause; action: string }) => {
    const { onBudget, onStall } = context.convergence;
    const answer = params.cause === 'stall' ? onStall : context.budgetSpent ? onBudget : 'none';
    return (
      answer === params.action && context.failure === null && isPossible(params.action, context)
    );
  },
  isOutOfTime: ({ context }: Context) => isOutOfTime(context),
  isGivenUp: ({ context }: Context) => context.gaveUp,
  raisesDowntimeOnStall: ({ context }: Context) =>
    context.convergence.onStall === 'raiseDowntime' && hasNextStep(context),
  mayPostcopy: ({ context }: Context) => mayGoOver(context),
  isPostcopyDue: ({ context }: Context) =>
    mayGoOver(context) &&
    context.convergence.postcopyAfterPasses !== null &&
    context.passes.completed >= context.convergence.postcopyAfterPasses,
  isPrecopying: ({ context }: Context) =>
    mayGoOver(context) && isPerforming(context) && hasReached(context.reached, 'precopy'),
  /** What has failed or was aborted is not forced. */
  isCopying: ({ context }: Context) =>
    context.failure === null &&
    canBeCalledOff(context) &&
    isPerforming(context) &&
    hasReached(context.reached, 'perform3'),
  isSuspendSettled: not(isForcing),
  isWanted: ({ context }: Context, params: { what: keyof Tuning['taken'] }) =>
    isOurs(context) &&
    hasReached(context.reached, 'begin3') &&
    isTunable(context) &&
    isWanted(context.tuning, params.what),
  postcopyIs: ({ context }: Context, params: { postcopy: ProtocolContext['postcopy'] }) =>
    context.postcopy === params.postcopy,
  /** Silence mends nothing. */
  isMendedIn: (_: Context, { peers }: { peers: PeersView }) =>
    peers.source.reachable && peers.destination.reachable && !isPostcopyBroken(peers),
  bothSeemToRun: ({ context }: Context) => context.runs.source && context.runs.destination,
  atMostOneSeemsToRun: ({ context }: Context) => !(context.runs.source && context.runs.destination),
  bothRunIn: ({ context }: Context, params: { peers: PeersView }) =>
    judgePeers(params.peers, situationOf(context)) === 'bothRun',
  mayBothRun: (_: Context, params: { peers: PeersView }) => mayBothRun(params.peers),
  onlyReportsSplitBrain: ({ context }: Context) => context.onSplitBrain === 'report',
  peersShow: ({ context }: Context, params: { verdict: Verdict }) =>
    context.peers !== null && judgePeers(context.peers, situationOf(context)) === params.verdict,
};

export const protocolDelays = {
  timeBudget: ({ context }: Context) => context.convergence.budgetMs ?? 0,
  downtimeStep: ({ context }: Context) => nextStepAfterMs(context),
  forceWait: ({ context }: Context) => context.convergence.forceMs,
  peerWait: ({ context }: Context) => context.peerWaitMs,
  postcopyWait: ({ context }: Context) => context.postcopyWaitMs,
  recoverAgain: 3000,
  askAgain: 1000,
};
