import { setup } from 'xstate';

import type { AbortCommand, DomainEvent } from './domain-events.ts';
import { changesOf, oneHostParts } from './one-host-setup.ts';
import type { DomainOnHost } from './policy/domain-on-host.ts';
import type { FilesRequest, RemovedFiles } from './policy/domain-snapshot/requests.ts';
import { readFailure } from './policy/failures.ts';
import type { ResumeRequest } from './policy/one-host/one-host.ts';
import { mayComeYet } from './policy/one-host/one-host.ts';
import type {
  SnapshotRevertContext,
  SnapshotRevertFacts,
  SnapshotRevertInput,
  SnapshotRevertResult,
} from './policy/snapshot-revert/snapshot-revert.ts';
import { snapshotRevertVerdicts } from './policy/snapshot-revert/checks.ts';
import type {
  KeepVerdict,
  RevertLook,
  RevertLookRequest,
  RevertVerdict,
} from './policy/snapshot-revert/look.ts';
import * as looks from './policy/snapshot-revert/look.ts';
import * as progress from './policy/snapshot-revert/progress.ts';
import type {
  BeforeRequest,
  KeepRequest,
  RevertRequest,
} from './policy/snapshot-revert/requests.ts';
import { effectSlot, watchSlot } from './slots.ts';
import type { Outcome, StateMeta, StateTag } from './state-meta.ts';

export type SnapshotRevertOutput = SnapshotRevertResult & { readonly outcome: Outcome };

type Context = SnapshotRevertContext;
type Event = DomainEvent | AbortCommand;
type In = { readonly context: Context };
type Looked = { readonly look: RevertLook };
type Erred = { readonly error: unknown };
export type Quandary = keyof typeof progress.revertQuandaries;

/** The way back is tried that often again. */
const triesBack = 2;

const changes = changesOf<Context, Event>();
const parts = oneHostParts<SnapshotRevertFacts, SnapshotRevertInput, Context, Event>({
  verdicts: snapshotRevertVerdicts,
  what: 'the revert',
});

/** Names and types of everything that the chart of `snapshotRevert` speaks of. */
export const snapshotRevertSetup = setup({
  types: {
    input: {} as SnapshotRevertInput,
    context: {} as Context,
    events: {} as Event,
    output: {} as SnapshotRevertOutput,
    tags: {} as StateTag,
    meta: {} as StateMeta,
  },
  actors: {
    ...parts.actors,
    watchDomain: watchSlot<DomainEvent, DomainOnHost>('watchDomain'),
    keepState: effectSlot<void, KeepRequest>('keepState'),
    lookAtRevert: effectSlot<RevertLook, RevertLookRequest>('lookAtRevert'),
    resumeAfterKeeping: effectSlot<void, ResumeRequest>('resumeAfterKeeping'),
    removeSnapshotFiles: effectSlot<RemovedFiles, FilesRequest>('removeSnapshotFiles'),
    revertDomain: effectSlot<void, RevertRequest>('revertDomain'),
    discardBefore: effectSlot<void, BeforeRequest>('discardBefore'),
  },
  actions: {
    ...parts.actions,
    ...parts.hearing.actions,
    expectKept: changes(progress.expectKept),
    noteKept: changes(progress.noteKept),
    noteNotKept: changes(progress.noteNotKept),
    noteFilesRemoved: changes(progress.noteFilesRemoved),
    noteFilesLeft: changes(progress.noteFilesLeft),
    noteBefore: changes(progress.noteBefore),
    noteConfirmed: changes(() => ({ confirmed: true })),
    noteReverted: changes(progress.noteReverted),
    noteUntouched: changes(progress.noteUntouched),
    noteBackConfirmed: changes(() => ({ backConfirmed: true })),
    noteBackTrouble: changes(progress.noteBackTrouble),
    noteTry: changes(({ backTries }) => ({ backTries: backTries + 1, backConfirmed: false })),
    noteBack: changes(progress.noteBack),
    noteReclaim: changes(progress.noteReclaim),
    noteUnclaimed: changes(progress.noteUnclaimed),
    noteDiscarded: changes(progress.noteDiscarded),
    noteBeforeLeft: changes(progress.noteBeforeLeft),
    noteStands: changes(progress.noteStands),
    noteStopped: changes(progress.noteStopped),
    noteRuns: changes(progress.noteRuns),
    noteUnwatched: changes(() => ({ unwatched: true })),
    recordTooLong: changes((context) => ({
      failure: context.failure ?? progress.tookTooLong(context),
    })),
    recordQuandary: changes((context, { why }: { why: Quandary }) => ({
      failure: progress.revertQuandaries[why](context),
    })),
  },
  guards: {
    ...parts.guards,
    hasFailure: ({ context }: In) => context.failure !== null,
    keepsBefore: ({ context }: In) => context.keepBefore && !context.kept,
    isKept: ({ context }: In) => context.kept,
    hasFilesLeft: ({ context }: In) => progress.filesLeft(context).length > 0,
    foundKept: ({ context }: In, { look, verdict }: Looked & { verdict: KeepVerdict }) =>
      looks.keepVerdictOf(context, look) === verdict,
    found: ({ context }: In, { look, verdict }: Looked & { verdict: RevertVerdict }) =>
      looks.revertVerdictOf(context, look) === verdict,
    isUnkept: ({ context }: In, { look }: Looked) =>
      looks.keepVerdictOf(context, look) === 'nothing' && mayComeYet(context),
    isUnreverted: ({ context }: In, { look }: Looked) =>
      looks.revertVerdictOf(context, look) === 'untouched' && mayComeYet(context),
    isWaiting: (_: unknown, { look }: Looked) => looks.isWaiting(look),
    isGone: (_: unknown, { look }: Looked) => look.reachable && look.domain === null,
    isBack: ({ context }: In, { look }: Looked) => looks.isBack(context, look),
    isLastTry: ({ context }: In) => context.backTries >= triesBack,
    /** libvirt itself said no, and will again. */
    isRefused: (_: unknown, { error }: Erred) => readFailure(error).libvirt !== undefined,
  },
  delays: {
    ...parts.delays,
    ...parts.hearing.delays,
    peerWait: ({ context }: In) => context.peerWaitMs,
    callWait: ({ context }: In) => context.timeoutMs,
  },
});
