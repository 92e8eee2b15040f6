import { assign, sendTo, setup } from 'xstate';

import type { ImageMetadata } from '../src/ports/image-store.ts';
import { coldSnapshot } from './cold-snapshot.machine.ts';
import type { ColdSnapshotOutput } from './cold-snapshot.setup.ts';
import type { AbortCommand } from './domain-events.ts';
import { liveSnapshot } from './live-snapshot.machine.ts';
import type { LiveSnapshotOutput } from './live-snapshot.setup.ts';
import { readFailure } from './policy/failures.ts';
import type {
  InstanceSnapshotContext,
  InstanceSnapshotFacts,
  InstanceSnapshotInput,
  InstanceSnapshotResult,
  Way,
} from './policy/instance-snapshot/instance-snapshot.ts';
import type { KeepRequest, RemoveRequest } from './policy/instance-snapshot/image.ts';
import { afterKeeping, imageLeft, imageRemoved } from './policy/instance-snapshot/image.ts';
import * as instance from './policy/instance-snapshot/instance-snapshot.ts';
import { instanceSnapshotVerdicts } from './policy/instance-snapshot/checks.ts';
import * as ways from './policy/instance-snapshot/ways.ts';
import { isLate } from './policy/late-timers.ts';
import { refusalOf } from './policy/one-host/checks.ts';
import { effectSlot } from './slots.ts';
import type { Outcome, StateMeta, StateTag } from './state-meta.ts';

export type InstanceSnapshotOutput = InstanceSnapshotResult & { readonly outcome: Outcome };

type In = { readonly context: InstanceSnapshotContext };
type ChildOutput = LiveSnapshotOutput | ColdSnapshotOutput;
type ChildEnded = { readonly event: { readonly output: ChildOutput } };

const abortRequested = {
  code: 'abortRequested',
  message: 'the snapshot was aborted by request',
  effect: 'none',
} as const;

/** An action that changes the context and nothing else. */
const changes = <Params>(
  change: (context: InstanceSnapshotContext, params: Params) => Partial<InstanceSnapshotContext>,
) =>
  assign<InstanceSnapshotContext, AbortCommand, Params, AbortCommand, never>(
    ({ context }, params) => change(context, params),
  );

export const endedAs = (outcome: Outcome) =>
  ({
    type: 'endedAs',
    params: ({ event }: ChildEnded) => ({ outcome, ended: event.output.outcome }),
  }) as const;
export const notes = (type: 'noteTaken' | 'noteFailedWay', way: Way) =>
  ({ type, params: ({ event }: ChildEnded) => ({ way, result: event.output }) }) as const;
export const isOpen = (way: Way) => ({ type: 'isOpen', params: { way } }) as const;

type Taking = { way: Way; result: ChildOutput };

/** Names and types of everything that the chart of `instanceSnapshot` speaks of. */
export const instanceSnapshotSetup = setup({
  types: {
    input: {} as InstanceSnapshotInput,
    context: {} as InstanceSnapshotContext,
    events: {} as AbortCommand,
    output: {} as InstanceSnapshotOutput,
    tags: {} as StateTag,
    meta: {} as StateMeta,
  },
  actors: {
    gatherFacts: effectSlot<InstanceSnapshotFacts, InstanceSnapshotInput>('gatherFacts'),
    liveSnapshot,
    coldSnapshot,
    keepImage: effectSlot<{ readonly image: ImageMetadata }, KeepRequest>('keepImage'),
    removeImage: effectSlot<void, RemoveRequest>('removeImage'),
  },
  actions: {
    noteFacts: changes((_, { facts }: { facts: InstanceSnapshotFacts }) => ({ facts })),
    recordFailure: changes((_, { error }: { error: unknown }) => ({ failure: readFailure(error) })),
    recordAbort: changes(() => ({ failure: abortRequested })),
    recordRefusal: changes((context) => ({
      failure: refusalOf(instanceSnapshotVerdicts(context)),
    })),
    expectImage: changes((context) => instance.expectImage(context)),
    noteTaken: changes((context, { way, result }: Taking) =>
      instance.afterTaking(context, way, result),
    ),
    noteFailedWay: changes((context, { way, result }: Taking) =>
      instance.afterFailedWay(context, way, result),
    ),
    noteKept: changes((context, { image }: { image: ImageMetadata }) => ({
      failure: null,
      ...afterKeeping(context, image),
    })),
    giveUp: changes(() => ({ gaveUp: true })),
    recordRemoved: changes((context) => imageRemoved(context)),
    recordLeft: changes((context) => imageLeft(context)),
    /** The child's invoke has the name of its way. */
    passToLive: sendTo('live', { type: 'abort.requested' }),
    passToCold: sendTo('cold', { type: 'abort.requested' }),
  },
  guards: {
    isLate,
    objects: ({ context }: In, params: { check: string }) =>
      instanceSnapshotVerdicts(context).some(
        ({ check, objection }) => check === params.check && objection !== null,
      ),
    isOpen: ({ context }: In, { way }: { way: Way }) => ways.isOpen(context, way),
    endedAs: (_: In, params: { outcome: Outcome; ended: Outcome }) =>
      params.ended === params.outcome,
    fallsBack: ({ context }: In) => ways.fallsBack(context),
    isGivenUp: ({ context }: In) => context.gaveUp,
  },
  delays: {
    askAgain: 1000,
    keepWait: ({ context }: In) => context.peerWaitMs,
  },
});
