import { setup } from 'xstate';

import type { AbortCommand, DomainEvent } from './domain-events.ts';
import { changesOf, oneHostParts } from './one-host-setup.ts';
import { readFailure } from './policy/failures.ts';
import { isUndefined } from './policy/one-host/undefined-meanwhile.ts';
import { volumeSwapVerdicts } from './policy/volume-swap/checks.ts';
import * as copies from './policy/volume-swap/copies.ts';
import type { SwapLook } from './policy/volume-swap/look.ts';
import * as looks from './policy/volume-swap/look.ts';
import * as endings from './policy/volume-swap/endings.ts';
import type { RemovalRequest } from './policy/snapshot-delete/requests.ts';
import type { Removal } from './policy/snapshot-delete/endings.ts';
import * as failures from './policy/volume-swap/failures.ts';
import type {
  FactsRequest,
  MakeRequest,
  OfflineCopy,
  OfflineCopyRequest,
  Persisted,
  PersistRequest,
  ResizeRequest,
  SwapCopyRequest,
  SwapRequest,
  SwapsOnHost,
} from './policy/volume-swap/requests.ts';
import type {
  VolumeSwapContext,
  VolumeSwapFacts,
  VolumeSwapInput,
  VolumeSwapResult,
} from './policy/volume-swap/volume-swap.ts';
import { effectSlot, watchSlot } from './slots.ts';
import type { DomainOnHost } from './policy/domain-on-host.ts';
import type { Outcome, StateMeta, StateTag } from './state-meta.ts';
import { undefinedParts } from './undefined-setup.ts';

export type VolumeSwapOutput = VolumeSwapResult & { readonly outcome: Outcome };

/** What a person or a service may send to a swap that waits for its confirmation. */
export interface SwapCommand {
  /** The swap is kept, and the run ends; or the guest goes back to its old volumes, with all it wrote. */
  readonly type: 'confirm.requested' | 'undo.requested';
}

type Context = VolumeSwapContext;
type Event = DomainEvent | AbortCommand | SwapCommand;
type In = { readonly context: Context };
type Looked = { look: SwapLook };

const changes = changesOf<Context, Event>();
const parts = oneHostParts<VolumeSwapFacts, FactsRequest, Context, Event>({
  verdicts: volumeSwapVerdicts,
  what: 'the swap',
});
const undefines = undefinedParts<Context, Event>();
/** The first cause stays. */
const fails = (why: (context: Context) => Context['failure']) =>
  changes((context: Context) => ({ failure: context.failure ?? why(context) }));

/** Names and types of everything that the chart of `volumeSwap` speaks of. */
export const volumeSwapSetup = setup({
  types: {
    input: {} as VolumeSwapInput,
    context: {} as Context,
    events: {} as Event,
    output: {} as VolumeSwapOutput,
    tags: {} as StateTag,
    meta: {} as StateMeta,
  },
  actors: {
    ...parts.actors,
    ...undefines.actors,
    watchDomain: watchSlot<DomainEvent, DomainOnHost>('watchDomain'),
    makeVolume: effectSlot<void, MakeRequest>('makeVolume'),
    beginSwap: effectSlot<void, SwapCopyRequest>('beginSwap'),
    copyOffline: effectSlot<OfflineCopy, OfflineCopyRequest>('copyOffline'),
    lookAtSwaps: effectSlot<SwapLook, SwapsOnHost>('lookAtSwaps'),
    pivotSwap: effectSlot<{ how: 'ended' | 'noJob' }, SwapRequest>('pivotSwap'),
    dropSwaps: effectSlot<void, SwapsOnHost>('dropSwaps'),
    persistSwap: effectSlot<Persisted, PersistRequest>('persistSwap'),
    resizeDisk: effectSlot<void, ResizeRequest>('resizeDisk'),
    removeVolumes: effectSlot<Removal, RemovalRequest>('removeVolumes'),
  },
  actions: {
    ...parts.actions,
    ...undefines.actions,
    beginSwaps: changes(copies.beginSwaps),
    expectVolume: changes(copies.expectVolume),
    forgetVolume: changes(copies.forgetVolume),
    noteMade: changes(copies.noteMade),
    expectCopy: changes(copies.expectCopy),
    noteBegun: changes(copies.noteBegun),
    forgetCopy: changes(copies.forgetCopy),
    noteJob: changes(copies.noteJob),
    noteGuest: changes(copies.noteGuest),
    noteUnheard: changes(() => ({ mustLook: true })),
    noteBeginUnheard: changes(copies.noteBeginUnheard),
    noteDropped: changes(copies.noteDropped),
    ...parts.hearing.actions,
    noteLook: changes(copies.noteLook),
    writeToBoth: changes(() => ({ writes: 'synchronous', gained: null })),
    beginAgain: changes(copies.beginAgain),
    expectConversion: changes((context) =>
      copies.stateIs(context, copies.nextToCopy(context).targetDev, 'asked'),
    ),
    noteCopied: changes((context, copy: OfflineCopy) => copies.noteCopied(context, copy)),
    expectPivot: changes(copies.expectPivot),
    notePivoted: changes(copies.noteAnswered),
    noteNoJob: changes(copies.noteNoJob),
    notePivotUnheard: changes(copies.notePivotUnheard),
    noteNotPivoted: changes(copies.noteNotPivoted),
    notePersisted: changes((context, persisted: Persisted) =>
      endings.notePersisted(context, persisted),
    ),
    expectChange: changes(endings.expectChange),
    noteUnchanged: changes(endings.noteUnchanged),
    noteChangeUntold: changes(() => ({ definitionChange: 'untold' })),
    noteResized: changes(endings.noteResized),
    noteResizeTried: changes((_, { error }: { error: unknown }) => ({
      setback: readFailure(error).message,
    })),
    noteSizesLeft: changes(endings.noteSizesLeft),
    noteOld: changes(endings.noteOld),
    giveUpMade: changes(endings.giveUpMade),
    noteRemoved: changes(endings.noteRemoved),
    noteNotRemoved: changes(endings.noteNotRemoved),
    turnBack: changes(endings.turnBack),
    stayThere: changes(endings.stayThere),
    noteUndone: changes(endings.noteUndone),
    dropFailure: changes(() => ({ failure: null })),
    recordStarted: fails(failures.startedFailure),
    recordUndone: changes((context) => ({ failure: endings.undone(context) })),
    recordLost: fails(failures.lostFailure),
    explainLost: changes(failures.explainLost),
    recordInterrupted: fails(failures.interruptedFailure),
    recordTimedOut: fails(failures.timedOutFailure),
    recordStalled: fails(failures.stalledFailure),
    recordSilent: fails(failures.silentFailure),
    recordMoved: fails(failures.movedFailure),
    recordNotPivoted: fails(failures.notPivotedFailure),
    recordStaleStart: changes((context) => ({ failure: failures.staleStartFailure(context) })),
    recordUndecided: changes((context) => ({ failure: failures.undecidedFailure(context) })),
    recordPartly: changes((context) => ({ failure: failures.partlyFailure(context) })),
    recordUnseen: changes((context) => ({ failure: failures.unseenFailure(context) })),
    recordUntold: changes((context) => ({ failure: failures.untoldFailure(context) })),
    recordUnpersisted: changes((context) => ({ failure: failures.unpersistedFailure(context) })),
    recordJobLeft: changes((context) => ({ failure: failures.jobLeftFailure(context) })),
  },
  guards: {
    ...parts.guards,
    ...undefines.guards,
    hasFailure: ({ context }: In) => context.failure !== null,
    hasLost: ({ context }: In) => copies.hasLost(context),
    isUnexplained: ({ context }: In) => failures.isUnexplained(context),
    hasNextToMake: ({ context }: In) => copies.hasNextToMake(context),
    hasNextToCopy: ({ context }: In) => copies.hasNextToCopy(context),
    allReady: ({ context }: In) => copies.allReady(context),
    allPivoted: ({ context }: In) => copies.allPivoted(context),
    hasPivoted: ({ context }: In) => copies.hasPivoted(context),
    /** Some are there, and others cannot get there. */
    isHalf: ({ context }: In) => copies.isHalf(context),
    isUnswapped: ({ context }: In) =>
      context.swaps.every(({ state }) => state !== 'pivoted' && state !== 'pivotAsked'),
    /** No copy is left that needs the domain transient. */
    mustDefine: ({ context }: In) =>
      isUndefined(context) &&
      (copies.allPivoted(context) || copies.isHalf(context) || copies.isUndecided(context)),
    /** It is off, and its definition is not known to name any of its new volumes. */
    isUnsettled: ({ context }: In) => endings.isUnsettled(context),
    isUnchanged: ({ context }: In) =>
      endings.isUnsettled(context) && context.definitionChange === 'none',
    wasStarted: (_: unknown, { error }: { error: unknown }) =>
      readFailure(error).code === 'guestStarted',
    wasStartedOnOld: (_: unknown, { error }: { error: unknown }) =>
      readFailure(error).code === 'startedOnOld',
    isMoved: ({ context }: In, params: Looked) => looks.isMoved(context, params),
    /** A transient domain goes with its guest. */
    isGone: ({ context }: In) =>
      context.guest === 'off' && context.facts?.domain?.persistent !== true,
    isUndecided: ({ context }: In) => copies.isUndecided(context),
    /** A look did not tell what came of the pivot, but a later one may. */
    isInDoubt: ({ context }: In) => context.swaps.some(copies.asksPivot),
    isUnseen: ({ context }: In) => context.isUnseen,
    hasReady: ({ context }: In) => context.swaps.some(({ state }) => state === 'ready'),
    mustLook: ({ context }: In) => context.mustLook,
    isOff: ({ context }: In) => context.guest === 'off',
    isOn: ({ context }: In) => context.guest !== 'off' || context.wasStarted,
    isUnbegun: ({ context }: In, params: Looked) => copies.isUnbegun(context, params),
    isStalled: ({ context }: In, params: Looked) => looks.isStalled(context, params),
    isOutrun: ({ context }: In, params: Looked) =>
      looks.isStalled(context, params) && looks.isOutrun(context, params),
    /** What failed for certain left nothing. */
    didNothing: (_: unknown, { error }: { error: unknown }) => readFailure(error).effect === 'none',
    hasNoJob: (_: unknown, { how }: { how: 'ended' | 'noJob' }) => how === 'noJob',
    hasNextToPersist: ({ context }: In) => endings.hasNextToPersist(context),
    hasNextToResize: ({ context }: In) => endings.hasNextToResize(context),
    holdsJobs: ({ context }: In) => context.artefacts.some(({ kind }) => kind === 'blockJob'),
    hasUnwanted: ({ context }: In) => endings.unwantedVolumes(context).length > 0,
    waitsForWord: ({ context }: In) => context.oldVolume === 'confirm',
    goesBack: ({ context }: In) => context.direction === 'back',
  },
  delays: {
    ...parts.delays,
    ...parts.hearing.delays,
    ...undefines.delays,
    peerWait: ({ context }: In) => context.peerWaitMs,
    copyWait: ({ context }: In) => failures.copyWaitMs(context),
    lookWait: ({ context }: In) => Math.max(1, Math.floor(context.stallMs / 2)),
  },
});
