import { setup } from 'xstate';

import type { AbortCommand, DomainEvent } from './domain-events.ts';
import { changesOf, oneHostParts } from './one-host-setup.ts';
import type { DomainOnHost } from './policy/domain-on-host.ts';
import { readFailure } from './policy/failures.ts';
import { snapshotDeleteVerdicts } from './policy/snapshot-delete/checks.ts';
import * as endings from './policy/snapshot-delete/endings.ts';
import type { Removal } from './policy/snapshot-delete/endings.ts';
import * as looks from './policy/snapshot-delete/looks.ts';
import type { MergeLook } from './policy/snapshot-delete/looks.ts';
import * as progress from './policy/snapshot-delete/progress.ts';
import type {
  DeletionRequest,
  DisksOnHost,
  FactsRequest,
  LookRequest,
  MendRequest,
  MergeRequest,
  RemovalRequest,
} from './policy/snapshot-delete/requests.ts';
import type {
  SnapshotDeleteContext,
  SnapshotDeleteFacts,
  SnapshotDeleteInput,
  SnapshotDeleteResult,
} from './policy/snapshot-delete/snapshot-delete.ts';
import { isAstray, planOf } from './policy/snapshot-delete/snapshot-delete.ts';
import { effectSlot, watchSlot } from './slots.ts';
import type { Outcome, StateMeta, StateTag } from './state-meta.ts';

export type SnapshotDeleteOutput = SnapshotDeleteResult & { readonly outcome: Outcome };

type Context = SnapshotDeleteContext;
type Event = DomainEvent | AbortCommand;
type In = { readonly context: Context };
export interface Concluded {
  readonly how: 'ended' | 'noJob';
}

const changes = changesOf<Context, Event>();
const parts = oneHostParts<SnapshotDeleteFacts, FactsRequest, Context, Event>({
  verdicts: snapshotDeleteVerdicts,
  what: 'the deletion',
});
/** The first cause stays. */
const fails = (why: (context: Context) => Context['failure']) =>
  changes((context: Context) => ({ failure: context.failure ?? why(context) }));

/** Names and types of everything that the chart of `snapshotDelete` speaks of. */
export const snapshotDeleteSetup = setup({
  types: {
    input: {} as SnapshotDeleteInput,
    context: {} as Context,
    events: {} as Event,
    output: {} as SnapshotDeleteOutput,
    tags: {} as StateTag,
    meta: {} as StateMeta,
  },
  actors: {
    ...parts.actors,
    watchDomain: watchSlot<DomainEvent, DomainOnHost>('watchDomain'),
    beginMerge: effectSlot<void, MergeRequest>('beginMerge'),
    mergeOffline: effectSlot<void, MergeRequest>('mergeOffline'),
    lookAtMerges: effectSlot<MergeLook, LookRequest>('lookAtMerges'),
    pivotMerge: effectSlot<Concluded, MergeRequest>('pivotMerge'),
    switchOffline: effectSlot<Concluded, MergeRequest>('switchOffline'),
    cancelMerges: effectSlot<void, DisksOnHost>('cancelMerges'),
    deleteSnapshot: effectSlot<void, DeletionRequest>('deleteSnapshot'),
    mendSnapshots: effectSlot<void, MendRequest>('mendSnapshots'),
    dropMetadata: effectSlot<void, DeletionRequest>('dropMetadata'),
    removeUnused: effectSlot<Removal, RemovalRequest>('removeUnused'),
  },
  actions: {
    ...parts.actions,
    beginWork: changes(progress.beginWork),
    expectMerge: changes(progress.expectMerge),
    expectConclusion: changes(progress.expectConclusion),
    noteBegun: changes(progress.noteBegun),
    noteMergedOffline: changes(progress.noteMergedOffline),
    noteSetback: changes(progress.noteSetback),
    noteDoubt: changes(progress.noteDoubt),
    noteUnconcluded: changes(progress.noteUnconcluded),
    noteConcluded: changes(progress.noteConcluded),
    retryLost: changes(progress.retryLost),
    noteJob: changes(progress.noteJob),
    noteGuest: changes(progress.noteGuest),
    noteUnheard: changes(progress.noteUnheard),
    noteLook: changes(looks.noteLook),
    recordSetback: fails(({ setback }) => setback),
    recordStalled: fails(endings.stalledFailure),
    recordSilent: fails(endings.silentFailure),
    /** Graver than whatever led to it. */
    recordAstray: changes((context) => ({ failure: endings.astrayFailure(context) })),
    recordUnnamed: changes((context) => ({ failure: endings.unnamedFailure(context) })),
    recordHalf: fails(endings.halfFailure),
    recordKept: fails(endings.notDeleted),
    recordJobLeft: changes((context) => ({ failure: endings.jobLeftFailure(context) })),
    recordMetadataLeft: changes((context) => ({ failure: endings.metadataFailure(context) })),
    /** It came to nothing after all: what was asked for is done. */
    dropFailure: changes(({ failure }) => ({ failure: null, setback: failure })),
    expectRemoval: changes(endings.expectRemoval),
    noteRemoved: changes(endings.noteRemoved),
    noteAllRemoved: changes(endings.noteAllRemoved),
    noteUnremoved: changes(endings.noteUnremoved),
    giveUpRemoval: changes(endings.giveUpRemoval),
  },
  guards: {
    ...parts.guards,
    hasFailure: ({ context }: In) => context.failure !== null,
    mustLook: ({ context }: In) => context.mustLook,
    isMerge: ({ context }: In) => planOf(context).way === 'merge',
    isSnapshot: ({ context }: In) => context.what.kind === 'snapshot',
    hasFiles: ({ context }: In) => planOf(context).files.length > 0,
    hasWaiting: ({ context }: In) => progress.hasWaiting(context),
    hasReady: ({ context }: In) => progress.hasReady(context),
    hasMerged: ({ context }: In) => progress.hasMerged(context),
    hasLost: ({ context }: In) => progress.hasLost(context),
    holdsJobs: ({ context }: In) => progress.holdsJobs(context),
    allMerged: ({ context }: In) => progress.allMerged(context),
    allPrepared: ({ context }: In) => progress.allPrepared(context),
    isWorn: ({ context }: In) => progress.isWorn(context),
    mergesOffline: ({ context }: In) => progress.isOff(context) && progress.hasWaiting(context),
    concludesOffline: ({ context }: In) => progress.isOff(context) && progress.hasReady(context),
    mustGoOn: ({ context }: In) =>
      progress.hasMerged(context) && context.failure?.code !== 'halfMerged',
    isHalf: ({ context }: In) => progress.hasMerged(context) && context.failure !== null,
    isDeleting: ({ context }: In) => context.deletion === 'underWay',
    isGone: ({ context }: In) => context.deletion === 'gone',
    isGoneWhole: ({ context }: In) => endings.isGoneWhole(context),
    isAstray: ({ context }: In) => isAstray(context),
    isStalled: ({ context }: In, params: { look: MergeLook }) => looks.isStalled(context, params),
    /** What failed for certain left nothing. */
    didNothing: (_: unknown, { error }: { error: unknown }) => readFailure(error).effect === 'none',
  },
  delays: {
    ...parts.delays,
    peerWait: ({ context }: In) => context.peerWaitMs,
    lookWait: ({ context }: In) => Math.max(1, Math.floor(context.stallMs / 4)),
  },
});
