import { setup } from 'xstate';

import type { AbortCommand, DomainEvent } from './domain-events.ts';
import { freezingParts } from './freezing-setup.ts';
import { changesOf, oneHostParts } from './one-host-setup.ts';
import type { DomainOnHost } from './policy/domain-on-host.ts';
import { domainSnapshotVerdicts } from './policy/domain-snapshot/checks.ts';
import type {
  DomainSnapshotContext,
  DomainSnapshotFacts,
  DomainSnapshotInput,
  DomainSnapshotResult,
} from './policy/domain-snapshot/domain-snapshot.ts';
import { holdsMemory, isActive } from './policy/domain-snapshot/domain-snapshot.ts';
import { astrayFailure } from './policy/domain-snapshot/astray.ts';
import type { LookRequest, SnapshotLook, SnapshotVerdict } from './policy/domain-snapshot/look.ts';
import * as looks from './policy/domain-snapshot/look.ts';
import * as progress from './policy/domain-snapshot/progress.ts';
import type {
  ConfigureRequest,
  CreateRequest,
  FilesRequest,
  NamedSnapshot,
  OverlaysOnHost,
  RedefineRequest,
  RemovedFiles,
  SnapshotFactsRequest,
} from './policy/domain-snapshot/requests.ts';
import { readFailure } from './policy/failures.ts';
import { hiddenFailure } from './policy/domain-snapshot/hidden-overlay.ts';
import type { ResumeRequest } from './policy/one-host/one-host.ts';
import { foundDomain } from './policy/one-host/one-host.ts';
import { effectSlot, watchSlot } from './slots.ts';
import type { Outcome, StateMeta, StateTag } from './state-meta.ts';

export type DomainSnapshotOutput = DomainSnapshotResult & { readonly outcome: Outcome };

type Context = DomainSnapshotContext;
type Event = DomainEvent | AbortCommand;
type In = { readonly context: Context };
type Looked = { readonly look: SnapshotLook };
type Erred = { readonly error: unknown };

const changes = changesOf<Context, Event>();
const parts = oneHostParts<DomainSnapshotFacts, SnapshotFactsRequest, Context, Event>({
  verdicts: domainSnapshotVerdicts,
  what: 'the snapshot',
});
const freezes = freezingParts<Context, Event>();
/** The first cause stays. */
const fails = (why: (context: Context) => Context['failure']) =>
  changes((context: Context) => ({ failure: context.failure ?? why(context) }));

/** Names and types of everything that the chart of `domainSnapshot` speaks of. */
export const domainSnapshotSetup = setup({
  types: {
    input: {} as DomainSnapshotInput,
    context: {} as Context,
    events: {} as Event,
    output: {} as DomainSnapshotOutput,
    tags: {} as StateTag,
    meta: {} as StateMeta,
  },
  actors: {
    ...parts.actors,
    ...freezes.actors,
    watchDomain: watchSlot<DomainEvent, DomainOnHost>('watchDomain'),
    createSnapshot: effectSlot<void, CreateRequest>('createSnapshot'),
    abortSnapshot: effectSlot<void, DomainOnHost>('abortSnapshot'),
    lookAtSnapshot: effectSlot<SnapshotLook, LookRequest>('lookAtSnapshot'),
    resumeAfterSnapshot: effectSlot<void, ResumeRequest>('resumeAfterSnapshot'),
    mergeOverlays: effectSlot<void, OverlaysOnHost>('mergeOverlays'),
    configureDisks: effectSlot<void, ConfigureRequest>('configureDisks'),
    clearSnapshotClaims: effectSlot<void, NamedSnapshot>('clearSnapshotClaims'),
    redefineSnapshot: effectSlot<void, RedefineRequest>('redefineSnapshot'),
    removeSnapshotFiles: effectSlot<RemovedFiles, FilesRequest>('removeSnapshotFiles'),
  },
  actions: {
    ...parts.actions,
    ...freezes.actions,
    ...parts.hearing.actions,
    noteFrozen: changes(progress.noteFrozen),
    expectSnapshot: changes(progress.expectSnapshot),
    noteConfirmed: changes(() => ({ confirmed: true })),
    recordTooLong: fails(progress.tookTooLong),
    noteLook: changes(progress.noteLook),
    noteTaken: changes(progress.noteTaken),
    noteNotTaken: changes(progress.noteNotTaken),
    noteGone: changes(progress.noteGone),
    noteStillRuns: changes(progress.noteStillRuns),
    noteClaimInside: changes(progress.noteClaimInside),
    noteRedefined: changes(() => ({ taken: true })),
    noteTrouble: changes((_, { trouble }: Pick<Context, 'trouble'>) => ({ trouble })),
    notePaused: changes(progress.notePaused),
    noteRuns: changes(progress.noteRuns),
    noteUnwatched: changes(() => ({ unwatched: true })),
    noteRemoved: changes(progress.noteRemoved),
    noteFilesLeft: changes(progress.noteFilesLeft),
    recordStuck: changes((context) => ({
      failure: progress.operatorFailures[context.trouble](context),
    })),
    recordUnclear: changes((context) => ({
      failure: progress.operatorFailures.unclear(context),
    })),
    recordHidden: changes((context, params: Looked) => ({
      failure: astrayFailure(context, params.look) ?? hiddenFailure(context, params),
    })),
  },
  guards: {
    ...parts.guards,
    ...freezes.guards,
    ...parts.hearing.guards,
    hasFailure: ({ context }: In) => context.failure !== null,
    isGivenUp: ({ context }: In) => context.failure !== null,
    isRedefinition: ({ context }: In) => context.redefine !== null,
    wantsFreeze: ({ context }: In) =>
      context.quiesce !== 'never' &&
      !holdsMemory(context) &&
      isActive(foundDomain(context)) &&
      foundDomain(context).state !== 'paused',
    /** What failed for certain left nothing. */
    didNothing: (_: unknown, { error }: Erred) => readFailure(error).effect === 'none',
    takesMemory: ({ context }: In) => holdsMemory(context),
    takesMemoryOfPaused: ({ context }: In) =>
      holdsMemory(context) && foundDomain(context).state === 'paused',
    isInside: ({ context }: In) => context.kind === 'internal',
    isAsked: ({ context }: In) => context.asked,
    found: ({ context }: In, { look, verdict }: Looked & { verdict: SnapshotVerdict }) =>
      looks.verdictOf(context, look) === verdict,
    /** A reply that was lost is no reason to end what goes on well. */
    isUnwantedJob: ({ context }: In, { look }: Looked) =>
      ['abortRequested', 'timeBudgetExceeded'].includes(context.failure?.code ?? '') &&
      holdsMemory(context) &&
      looks.verdictOf(context, look) === 'busy',
    isLeftPaused: ({ context }: In, { look }: Looked) => looks.isLeftPaused(context, look),
    isBehind: ({ context }: In, { look }: Looked) =>
      looks.verdictOf(context, look) === 'whole' && looks.isBehind(context, look),
    isAhead: ({ context }: In, { look }: Looked) =>
      ['nothing', 'unrecorded'].includes(looks.verdictOf(context, look)) &&
      looks.isAhead(context, look),
    runsThoughHalted: ({ context }: In, { look }: Looked) =>
      context.halt && looks.verdictOf(context, look) === 'whole' && looks.isRunning(look),
    isForgotten: ({ context }: In) => context.noMetadata,
    hasFilesLeft: ({ context }: In) => progress.filesLeft(context).length > 0,
  },
  delays: {
    ...parts.delays,
    ...parts.hearing.delays,
    peerWait: ({ context }: In) => context.peerWaitMs,
    thawWait: ({ context }: In) => context.thawWaitMs,
    snapshotWait: ({ context }: In) => context.timeoutMs,
    /** libvirt's job takes questions and aborts only while it writes the memory (9.0 and 11.3). */
    abortAgain: 100,
    abortWait: 1000,
    /** A guest that may be frozen does not wait for a daemon that hangs. */
    disksWait: ({ context }: In) => Math.min(context.timeoutMs, 30_000),
  },
});
