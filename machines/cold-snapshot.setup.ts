import { setup } from 'xstate';

import type { Failure } from '../src/ports/failure.ts';
import type { AbortCommand, DomainEvent } from './domain-events.ts';
import { changesOf, oneHostParts } from './one-host-setup.ts';
import { coldSnapshotVerdicts } from './policy/cold-snapshot/checks.ts';
import {
  awaitedDevice,
  deviceNotReleased,
  guestEnded,
  guestStarted,
  stuckAt,
} from './policy/cold-snapshot/failures.ts';
import type {
  CopyOrder,
  DeviceOnHost,
  DiskOnHost,
  FileOnHost,
  LookOrder,
  PlacedDisk,
  StartOrder,
} from './policy/cold-snapshot/orders.ts';
import { need } from './policy/cold-snapshot/orders.ts';
import {
  deviceAsked,
  deviceBack,
  deviceFailed,
  deviceNow,
  devicesKept,
  devicesOut,
  diskNow,
  diskToCopy,
  diskToLay,
  fileToRemove,
  forgotten,
  mayRemoveYet,
  nextDevice,
  noted,
  removalFailed,
  seen,
  stepFailed,
  stepNow,
  stepTried,
} from './policy/cold-snapshot/progress.ts';
import type {
  ColdSnapshotContext,
  ColdSnapshotFacts,
  ColdSnapshotInput,
  ColdSnapshotResult,
  CopiedImage,
  Goal,
} from './policy/cold-snapshot/cold-snapshot.ts';
import { planDisks, wasActive, wasPaused } from './policy/cold-snapshot/cold-snapshot.ts';
import type { GuestLook, StepName } from './policy/cold-snapshot/steps.ts';
import { isActive, isGivenUp, isThere } from './policy/cold-snapshot/steps.ts';
import type { DomainOnHost } from './policy/domain-on-host.ts';
import { readFailure } from './policy/failures.ts';
import { foundDomain, mayComeYet } from './policy/one-host/one-host.ts';
import { effectSlot, watchSlot } from './slots.ts';
import type { Outcome, StateMeta, StateTag } from './state-meta.ts';

type Event = DomainEvent | AbortCommand;

export type ColdSnapshotOutput = ColdSnapshotResult & { readonly outcome: Outcome };

const changes = changesOf<ColdSnapshotContext, Event>();
const parts = oneHostParts<ColdSnapshotFacts, ColdSnapshotInput, ColdSnapshotContext, Event>({
  verdicts: coldSnapshotVerdicts,
  what: 'the snapshot',
});

/** The first cause stays. */
const because = (context: ColdSnapshotContext, failure: Failure) => ({
  failure: context.failure ?? failure,
});

/** Names and types of everything that the chart of `coldSnapshot` speaks of. */
export const coldSnapshotSetup = setup({
  types: {
    input: {} as ColdSnapshotInput,
    context: {} as ColdSnapshotContext,
    events: {} as Event,
    output: {} as ColdSnapshotOutput,
    tags: {} as StateTag,
    meta: {} as StateMeta,
  },
  actors: {
    ...parts.actors,
    watchDomain: watchSlot<DomainEvent, DomainOnHost>('watchDomain'),
    inspectGuest: effectSlot<GuestLook, LookOrder>('inspectGuest'),
    detachDevice: effectSlot<void, DeviceOnHost>('detachDevice'),
    attachDevice: effectSlot<void, DeviceOnHost>('attachDevice'),
    saveMemory: effectSlot<void, DomainOnHost>('saveMemory'),
    abortSave: effectSlot<void, DomainOnHost>('abortSave'),
    makeOverlay: effectSlot<void, DiskOnHost>('makeOverlay'),
    putOverlay: effectSlot<void, PlacedDisk>('putOverlay'),
    takeOverlay: effectSlot<void, PlacedDisk>('takeOverlay'),
    startSaved: effectSlot<void, StartOrder>('startSaved'),
    resumeGuest: effectSlot<void, DomainOnHost>('resumeGuest'),
    dropSave: effectSlot<void, DomainOnHost>('dropSave'),
    commitOverlay: effectSlot<void, DiskOnHost>('commitOverlay'),
    pivotOverlay: effectSlot<void, DiskOnHost>('pivotOverlay'),
    mergeOverlay: effectSlot<void, DiskOnHost>('mergeOverlay'),
    copyDisk: effectSlot<CopiedImage, CopyOrder>('copyDisk'),
    nameImage: effectSlot<void, CopyOrder>('nameImage'),
    removeFile: effectSlot<void, FileOnHost>('removeFile'),
  },
  actions: {
    ...parts.actions,
    ...parts.hearing.actions,
    planWork: changes((context) => ({ plan: planDisks(context) })),
    aim: changes((_, { goal }: { goal: Goal }) => ({ goal, failedSteps: {}, stepFailure: null })),
    noteAsked: changes((context) => deviceAsked(context)),
    noteOut: changes((context, { look }: { look: GuestLook }) => devicesOut(context, look)),
    noteBack: changes((context) => deviceBack(context, deviceNow(context))),
    noteDeviceFailed: changes((context, { error }: { error: unknown }) =>
      deviceFailed(context, deviceNow(context), error),
    ),
    recordNotReleased: changes((context, { answer }: { answer: 'refused' | 'silent' }) => ({
      ...because(context, deviceNotReleased(context, answer)),
      ...devicesKept(context),
    })),
    noteKept: changes((context) => devicesKept(context)),
    recordStarted: changes((context) => because(context, guestStarted(context))),
    recordEnded: changes((context) => because(context, guestEnded(context))),
    /** What libvirt answered says only that there is nothing to save. */
    explainEnd: changes((context) => ({
      failure: context.failure?.code === 'abortRequested' ? context.failure : guestEnded(context),
    })),
    forgiveFailure: changes(() => ({ failure: null })),
    expectMemory: changes((context) =>
      noted(context, 'memory', foundDomain(context).uuid, 'expected'),
    ),
    noteMemory: changes((context) => noted(context, 'memory', foundDomain(context).uuid, 'made')),
    expectOverlay: changes((context) =>
      noted(context, 'overlay', need(diskToLay(context)).overlay.overlay.path, 'expected'),
    ),
    noteOverlay: changes((context) =>
      noted(context, 'overlay', need(diskToLay(context)).overlay.overlay.path, 'made'),
    ),
    noteLaid: changes((context) => ({
      laid: [...context.laid, need(diskToLay(context)).targetDev],
    })),
    noteMerged: changes((context) =>
      noted(context, 'overlay', diskNow(context).overlay.overlay.path, 'unwanted'),
    ),
    notePivotAsked: changes((context) => ({
      pivotsAsked: [...context.pivotsAsked, diskNow(context).targetDev],
    })),
    startsOnOverlays: changes(() => ({ ranOnOverlays: true })),
    noteLook: changes((context, { look }: { look: GuestLook }) => seen(context, look)),
    noteTried: changes((context) => stepTried(context, stepNow(context))),
    noteStepFailed: changes((context, { error }: { error: unknown }) =>
      stepFailed(context, stepNow(context), error),
    ),
    noteLookFailed: changes((_, { error }: { error: unknown }) => ({
      stepFailure: readFailure(error).message,
    })),
    recordStepFailure: changes((context) => because(context, stuckAt(context, stepNow(context)))),
    noteWaited: changes((context, { seconds }: { seconds: number }) => ({
      waitedS: context.waitedS + seconds,
    })),
    noteAnswered: changes(() => ({ waitedS: 0 })),
    noteStuck: changes((context) => ({ stuck: true, stuckAt: stepNow(context) })),
    noteSilent: changes(() => ({ stuck: true })),
    noteSettled: changes(() => ({ settled: true })),
    noteStopped: changes((context, { atEpochMs }: { atEpochMs: number }) => ({
      stoppedAtEpochMs: context.stoppedAtEpochMs ?? atEpochMs,
    })),
    noteResumed: changes((context, { atEpochMs }: { atEpochMs: number }) => ({
      resumedAtEpochMs: context.resumedAtEpochMs ?? atEpochMs,
    })),
    expectStaged: changes((context) =>
      noted(context, 'image', need(diskToCopy(context)).staged.path, 'expected'),
    ),
    expectImage: changes((context, copied: CopiedImage) => ({
      copied,
      ...noted(context, 'image', need(diskToCopy(context)).image.path, 'expected'),
    })),
    /** Nothing was written over: what stands there is not ours. */
    dropImage: changes((context) =>
      forgotten(context, 'image', need(diskToCopy(context)).image.path),
    ),
    noteImage: changes((context) => {
      const { image, staged, targetDev } = need(diskToCopy(context));
      const { artefacts } = noted(context, 'image', image.path, 'made');
      const whole = { targetDev, ...image, ...need(context.copied) };
      return {
        images: [...context.images, whole],
        copied: null,
        ...forgotten({ ...context, artefacts }, 'image', staged.path),
      };
    }),
    noteRemoved: changes((context) => {
      const { kind, path } = need(fileToRemove(context));
      return {
        images: context.images.filter((image) => image.path !== path),
        ...forgotten(context, kind, path),
      };
    }),
    noteRemovalFailed: changes((context) => removalFailed(context)),
    noteLeft: changes((context) => {
      const { kind, path } = need(fileToRemove(context));
      return noted(context, kind, path, 'left');
    }),
  },
  guards: {
    ...parts.guards,
    wasActive: ({ context }) => wasActive(foundDomain(context)),
    isShort: ({ context }) => context.shortOutage,
    aimsAtOverlays: ({ context }) => context.goal === 'onOverlays',
    awaitsDevice: ({ context }) => awaitedDevice(context) !== null,
    hasNextDevice: ({ context }) => nextDevice(context) !== null,
    isOut: ({ context }, { look }: { look: GuestLook }) => {
      const asked = awaitedDevice(context);
      return asked === null || !isThere(look, asked.device);
    },
    isBusy: (_, { look }: { look: GuestLook }) => isBusy(look),
    isSaved: (_, { look }: { look: GuestLook }) => isSaved(look),
    hasEnded: (_, { look }: { look: GuestLook }) =>
      look.domain !== null && !isActive(look.domain) && !look.domain.managedSave,
    isUnheard: ({ context }, { look }: { look: GuestLook }) =>
      mayComeYet(context) && isAsFound(context, look),
    /** An abort was asked for before. */
    isUnwanted: ({ context }, { look }: { look: GuestLook }) =>
      context.failure?.code === 'abortRequested' && isBusy(look),
    isSavedInVain: ({ context }, { look }: { look: GuestLook }) =>
      context.failure?.code === 'abortRequested' && isSaved(look),
    isAwaited: ({ context }, { alias }: { alias: string }) =>
      awaitedDevice(context)?.device.alias === alias,
    isUnknown: (_, { error }: { error: unknown }) => readFailure(error).effect !== 'none',
    stepIs: ({ context }, { steps }: { steps: readonly StepName[] }) =>
      steps.includes(stepNow(context).name),
    isGivenUp: ({ context }) => isGivenUp(context, stepNow(context)),
    hasWaitedLong: ({ context }) => context.waitedS * 1000 >= waitMsMax(context),
    hasDiskToCopy: ({ context }) => diskToCopy(context) !== null,
    hasDiskToLay: ({ context }) => diskToLay(context) !== null,
    mayRemoveYet: ({ context }) => mayRemoveYet(context),
    hasFileToRemove: ({ context }) => fileToRemove(context) !== null,
    isStopOfSave: ({ context }) =>
      context.stoppedAtEpochMs === null &&
      context.artefacts.some(({ kind }) => kind === 'memory') &&
      !wasPaused(foundDomain(context)),
    isFirstRun: ({ context }) =>
      context.stoppedAtEpochMs !== null && context.resumedAtEpochMs === null,
    isDisturbing: ({ context }) => !context.ranOnOverlays,
    isStuck: ({ context }) => context.stuck,
    hasLostDevices: ({ context }) => context.taken.some(({ status }) => status === 'lost'),
    hasFailed: ({ context }) => context.failure !== null,
  },
  delays: {
    ...parts.delays,
    ...parts.hearing.delays,
    deviceWait: ({ context }) => context.deviceWaitMs,
    silentWait: ({ context }) => waitMsMax(context),
  },
});

const isBusy = ({ domain }: GuestLook): boolean => domain?.job != null;

const isSaved = ({ domain }: GuestLook): boolean =>
  domain !== null && !isActive(domain) && domain.managedSave;

/** Nothing of a save is seen. */
const isAsFound = (context: ColdSnapshotContext, { domain }: GuestLook): boolean =>
  domain?.state === foundDomain(context).state && !domain.managedSave;

/** 16 MiB/s: a save or a commit that is slower than that is no better than one that hangs. */
const slowestBytesPerMs = 2 ** 14;

/** A save takes as long as the memory takes, a commit as its disk; a silent host has no more time either. */
function waitMsMax(context: ColdSnapshotContext): number {
  const { disks, memoryBytes } = foundDomain(context);
  const bytes = disks.reduce((sum, { capacityBytes }) => sum + capacityBytes, memoryBytes);
  return context.peerWaitMs + bytes / slowestBytesPerMs;
}
