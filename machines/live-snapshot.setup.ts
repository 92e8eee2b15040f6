import { setup } from 'xstate';

import type { ImageInfo } from '../src/ports/images.ts';
import type { AbortCommand, DomainEvent } from './domain-events.ts';
import { freezingParts } from './freezing-setup.ts';
import { changesOf, oneHostParts } from './one-host-setup.ts';
import type { DomainOnHost } from './policy/domain-on-host.ts';
import { readFailure } from './policy/failures.ts';
import type {
  LiveSnapshotContext,
  LiveSnapshotFacts,
  LiveSnapshotInput,
  LiveSnapshotResult,
} from './policy/live-snapshot/live-snapshot.ts';
import type {
  CopiesOnHost,
  CopyRequest,
  DeltaRequest,
  FactsRequest,
  FilesOnHost,
  FlattenRequest,
  ImageOnHost,
  NameRequest,
} from './policy/live-snapshot/requests.ts';
import { liveSnapshotVerdicts } from './policy/live-snapshot/checks.ts';
import * as copies from './policy/live-snapshot/copies.ts';
import type { CopiesLook } from './policy/live-snapshot/copies.ts';
import { mayBeFrozen, noteUnfrozen, refuseFreeze } from './policy/one-host/freezing.ts';
import * as freeze from './policy/live-snapshot/freeze.ts';
import * as images from './policy/live-snapshot/images.ts';
import type { FilesRemoved } from './policy/live-snapshot/images.ts';
import { copyWaitMs, jobLeftFailure, silentFailure } from './policy/live-snapshot/waits.ts';
import { isUndefined } from './policy/one-host/undefined-meanwhile.ts';
import type { ArtefactKind } from './policy/artefact.ts';
import { effectSlot, watchSlot } from './slots.ts';
import type { Outcome, StateMeta, StateTag } from './state-meta.ts';
import { undefinedParts } from './undefined-setup.ts';

export type LiveSnapshotOutput = LiveSnapshotResult & { readonly outcome: Outcome };

type Context = LiveSnapshotContext;
type Event = DomainEvent | AbortCommand;
type In = { readonly context: Context };

const changes = changesOf<Context, Event>();
const parts = oneHostParts<LiveSnapshotFacts, FactsRequest, Context, Event>({
  verdicts: liveSnapshotVerdicts,
  what: 'the snapshot',
});
const freezes = freezingParts<Context, Event>();
const undefines = undefinedParts<Context, Event>();
/** The first cause stays. */
const fails = (why: (context: Context) => Context['failure']) =>
  changes((context: Context) => ({ failure: context.failure ?? why(context) }));

/** Names and types of everything that the chart of `liveSnapshot` speaks of. */
export const liveSnapshotSetup = setup({
  types: {
    input: {} as LiveSnapshotInput,
    context: {} as Context,
    events: {} as Event,
    output: {} as LiveSnapshotOutput,
    tags: {} as StateTag,
    meta: {} as StateMeta,
  },
  actors: {
    ...parts.actors,
    ...freezes.actors,
    ...undefines.actors,
    watchDomain: watchSlot<DomainEvent, DomainOnHost>('watchDomain'),
    makeDelta: effectSlot<void, DeltaRequest>('makeDelta'),
    beginCopy: effectSlot<void, CopyRequest>('beginCopy'),
    lookAtCopies: effectSlot<CopiesLook, CopiesOnHost>('lookAtCopies'),
    endCopies: effectSlot<void, CopiesOnHost>('endCopies'),
    flattenDelta: effectSlot<void, FlattenRequest>('flattenDelta'),
    inspectImage: effectSlot<{ info: ImageInfo | null }, ImageOnHost>('inspectImage'),
    nameImage: effectSlot<void, NameRequest>('nameImage'),
    dropCopies: effectSlot<copies.DroppedFrom, CopiesOnHost>('dropCopies'),
    removeFiles: effectSlot<FilesRemoved, FilesOnHost>('removeFiles'),
  },
  actions: {
    ...parts.actions,
    ...freezes.actions,
    ...undefines.actions,
    beginCopies: changes(copies.beginCopies),
    expectDelta: changes(copies.expectDelta),
    expectCopy: changes(copies.expectCopy),
    noteBegun: changes(copies.noteBegun),
    forgetCopy: changes(copies.forgetCopy),
    noteJob: changes(copies.noteJob),
    noteGuest: changes(copies.noteGuest),
    noteUnsure: changes(copies.noteUnsure),
    noteUnheard: changes(copies.noteUnheard),
    noteCopiesLook: changes(copies.noteCopiesLook),
    recordLost: fails(copies.lostFailure),
    explainLost: changes(copies.explainLost),
    recordTimedOut: fails(copies.timedOutFailure),
    recordStalled: fails(copies.stalledFailure),
    recordSilent: fails(silentFailure),
    recordUnproven: fails(copies.unprovenFailure),

    recordPaused: changes((context) => refuseFreeze(context, freeze.pausedFailure)),
    notePaused: changes((context) => noteUnfrozen(context, freeze.pausedFailure)),
    noteFrozen: changes(freeze.noteFrozen),
    noteEndAsked: changes(() => ({ endAsked: true, mustLook: false })),

    expectStaged: changes(images.expectStaged),
    noteWhole: changes(images.noteWhole),
    recordUnfit: changes((context, { info }: { info: ImageInfo | null }) => ({
      failure: context.failure ?? images.unfitFailure(context, info),
    })),
    expectNamed: changes(images.expectNamed),
    forgetNamed: changes(images.forgetNamed),
    noteNamed: changes(images.noteNamed),
    noteNameUnknown: changes(images.noteNameUnknown),
    noteDropped: changes((context, from: copies.DroppedFrom) => images.noteDropped(context, from)),
    noteDroppedFrom: changes(copies.noteDroppedFrom),
    noteEnd: changes((context, { look }: { look: CopiesLook }) =>
      copies.noteDroppedFrom(context, look),
    ),
    noteRemoved: changes(images.noteRemoved),
    markLeft: changes((context, { kind }: { kind: ArtefactKind }) =>
      images.markLeft(context, kind),
    ),
    recordUnseen: changes((context) => ({ failure: copies.unseenFailure(context) })),
    recordJobLeft: changes((context) => ({ failure: jobLeftFailure(context) })),
  },
  guards: {
    ...parts.guards,
    ...freezes.guards,
    isThawed: ({ context }: In) => !mayBeFrozen(context),
    ...undefines.guards,
    hasFailure: ({ context }: In) => context.failure !== null,
    isUnseen: ({ context }: In) => copies.isUnseen(context),
    hasLost: ({ context }: In) => copies.hasLost(context),
    isUnexplained: ({ context }: In) => copies.isUnexplained(context),
    isGivenUp: ({ context }: In) => context.failure !== null || copies.hasLost(context),
    /** From here on nothing is waited for that needs the domain transient. */
    mustDefine: ({ context }: In) =>
      isUndefined(context) &&
      (context.failure !== null || context.endAsked || copies.hasLost(context)),
    hasNextToCopy: ({ context }: In) => copies.hasNextToCopy(context),
    allReady: ({ context }: In) => copies.allReady(context),
    allEnded: ({ context }: In) => copies.allEnded(context),
    mustLook: ({ context }: In) => context.mustLook,
    isStalled: ({ context }: In, params: { look: CopiesLook }) => copies.isStalled(context, params),
    /** What failed for certain left nothing. */
    didNothing: (_: unknown, { error }: { error: unknown }) => readFailure(error).effect === 'none',
    /** Not even its connection stands any more. */
    isInterrupted: (_: unknown, { error }: { error: unknown }) =>
      readFailure(error).code === 'interrupted',
    neverFreezes: ({ context }: In) => context.quiesce === 'never',
    isPaused: ({ context }: In) => context.guest === 'paused',
    mayYetEnd: ({ context }: In) =>
      !context.endAsked && context.failure === null && !copies.hasLost(context),
    isThere: (_: unknown, { info }: { info: ImageInfo | null }) => info !== null,
    isFlat: ({ context }: In) => images.isFlat(context),
    hasUnwritten: ({ context }: In) => images.hasUnwritten(context),
    hasUnnamed: ({ context }: In) => images.hasUnnamed(context),
    isWhole: ({ context }: In, params: { info: ImageInfo | null }) =>
      images.isWhole(context, params),
    holdsJobs: ({ context }: In) => images.pathsOf(context, 'blockJob').length > 0,
    holdsImages: ({ context }: In) => images.removable(context, 'image').length > 0,
    holdsDeltas: ({ context }: In) => images.removableDeltas(context).length > 0,
  },
  delays: {
    ...parts.delays,
    ...undefines.delays,
    peerWait: ({ context }: In) => context.peerWaitMs,
    thawWait: ({ context }: In) => context.thawWaitMs,
    copyWait: ({ context }: In) => copyWaitMs(context),
    lookWait: ({ context }: In) => Math.max(1, Math.floor(context.stallMs / 2)),
    /** So long after the answer the event of it may come. */
    tellWait: 10_000,
  },
});
