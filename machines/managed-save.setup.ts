import { setup } from 'xstate';

import type { AbortCommand, DomainEvent } from './domain-events.ts';
import { changesOf, oneHostParts } from './one-host-setup.ts';
import type { DomainOnHost } from './policy/domain-on-host.ts';
import type {
  ManagedSaveInput,
  ManagedSaveResult,
  SavingAction,
  SavingCall,
  SavingContext,
  SavingFacts,
  SavingLook,
} from './policy/managed-save/managed-save.ts';
import {
  expectMemory,
  explain,
  forgetMemory,
  forgetUnmade,
  memoryIs,
} from './policy/managed-save/managed-save.ts';
import { savingVerdicts } from './policy/managed-save/checks.ts';
import * as looks from './policy/managed-save/looks.ts';
import { effectSlot, watchSlot } from './slots.ts';
import type { Outcome, StateMeta, StateTag } from './state-meta.ts';

export type ManagedSaveOutput = ManagedSaveResult & { readonly outcome: Outcome };

type Context = SavingContext;
type Event = DomainEvent | AbortCommand;
type In = { readonly context: Context };
type Look = { readonly look: SavingLook };
type At = { readonly atEpochMs: number };

const changes = changesOf<Context, Event>();
const parts = oneHostParts<SavingFacts, ManagedSaveInput, Context, Event>({
  verdicts: savingVerdicts,
  what: 'the save',
});

/** Names and types of everything that the chart of `managedSave` speaks of. */
export const managedSaveSetup = setup({
  types: {
    input: {} as ManagedSaveInput,
    context: {} as Context,
    events: {} as Event,
    output: {} as ManagedSaveOutput,
    tags: {} as StateTag,
    meta: {} as StateMeta,
  },
  actors: {
    ...parts.actors,
    watchDomain: watchSlot<DomainEvent, DomainOnHost>('watchDomain'),
    saveGuest: effectSlot<void, SavingCall>('saveGuest'),
    abortSave: effectSlot<void, DomainOnHost>('abortSave'),
    lookAtSaved: effectSlot<SavingLook, SavingCall>('lookAtSaved'),
    resumeGuest: effectSlot<void, DomainOnHost>('resumeGuest'),
    noteSaved: effectSlot<void, SavingCall>('noteSaved'),
    discardSaved: effectSlot<void, SavingCall>('discardSaved'),
    goOnGuest: effectSlot<void, SavingCall>('goOnGuest'),
    forgetNotes: effectSlot<void, DomainOnHost>('forgetNotes'),
    removeImage: effectSlot<void, DomainOnHost>('removeImage'),
  },
  actions: {
    ...parts.actions,
    ...parts.hearing.actions,
    noteLook: changes((_, { look }: Look) => ({ look })),
    expectMemory: changes(expectMemory),
    noteMade: changes((context) => memoryIs(context, 'made')),
    noteLeft: changes((context) => memoryIs(context, 'left')),
    forgetMemory: changes(forgetMemory),
    forgetUnmade: changes(forgetUnmade),
    noteNoted: changes(() => ({ noted: true })),
    noteResume: changes(({ resumes }) => ({ resumes: resumes + 1 })),
    notePaused: changes((_, { atEpochMs }: At) => ({ pausedAtEpochMs: atEpochMs })),
    noteShutOff: changes((_, { atEpochMs }: At) => ({ shutOffAtEpochMs: atEpochMs })),
    noteRuns: changes((_, { atEpochMs }: At) => ({ runsAgainAtEpochMs: atEpochMs })),
    recordUnsaved: changes((context) => ({ failure: looks.unsavedFailure(context) })),
    recordLeftPaused: changes((context) => ({ failure: looks.leftPausedFailure(context) })),
    recordSilent: changes((context) => ({ failure: looks.silentFailure(context) })),
    explainFailure: changes((context) => ({
      failure: context.failure === null ? null : explain(context, context.failure),
    })),
  },
  guards: {
    ...parts.guards,
    ...parts.hearing.guards,
    hasDomain: ({ context }: In) => context.facts?.domain != null,
    does: ({ context }: In, { action }: { action: SavingAction }) => context.action === action,
    isSilent: (_: unknown, look: Look) => looks.isSilent(look),
    isBusy: (_: unknown, look: Look) => looks.isBusy(look),
    isSaved: ({ context }: In) => looks.isSaved(context),
    isLeftPaused: ({ context }: In) => looks.isLeftPaused(context),
    mayResume: ({ context }: In) => looks.mayResume(context),
    hasLeftovers: ({ context }: In) => looks.hasLeftovers(context),
    hasDone: ({ context }: In) => looks.hasDone(context),
  },
  delays: {
    ...parts.delays,
    ...parts.hearing.delays,
    peerWait: ({ context }: In) => context.peerWaitMs,
  },
});
