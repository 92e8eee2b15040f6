import { assign, sendTo, setup } from 'xstate';

import type { MigrationFacts } from '../src/ports/migration.ts';
import type { MigrationCommand } from './migration-events.ts';
import { directMigration } from './direct-migration.machine.ts';
import { offlineMigration } from './offline-migration.machine.ts';
import { peer2peerMigration } from './peer2peer-migration.machine.ts';
import {
  afterClaim,
  afterRelease,
  claimHolders,
  claimsAs,
  expectedClaim,
} from './policy/migration/claim-record.ts';
import type { ClaimAnswer, ClaimRequest, ReleaseAnswer, ReleaseRequest } from './policy/claims.ts';
import { claimedFailure, unclaimableFailure } from './policy/claims.ts';
import { abortRequested, readFailure } from './policy/failures.ts';
import type { Artefact } from './policy/artefact.ts';
import type {
  LiveMigrationContext,
  LiveMigrationResult,
  Remainder,
} from './policy/migration/live-migration-context.ts';
import { isLate } from './policy/late-timers.ts';
import type { LiveMigrationInput } from './policy/migration/request.ts';
import {
  afterReport,
  afterSourceDisks,
  artefactsOfSuccess,
  foundDomain,
  hasPrepared,
  mustCompare,
  hasObjection,
  protocolOf,
  remainderOf,
  removedArtefacts,
  volumesOf,
  withVolumes,
} from './policy/migration/live-migration-context.ts';
import {
  unsettledFailure,
  remainderLeftFailure,
  copyLeftFailure,
  refusal,
  staleCopyFailure,
} from './policy/migration/live-migration-failures.ts';
import type { CopiesOnSource } from './policy/migration/offline-context.ts';
import { isDiskChanged } from './policy/migration/offline-context.ts';
import type { MigrationCheckName } from './policy/migration/checks.ts';
import type { DomainOnHost, DomainOnPeers } from './policy/domain-on-host.ts';
import type { MigrationReport } from './policy/migration/protocol-report.ts';
import type { PeersView } from './policy/peers.ts';
import { hasOutgoingJob, holdsGuest, holdsIncoming } from './policy/peers.ts';
import { effectSlot } from './slots.ts';
import type { Outcome, StateMeta, StateTag } from './state-meta.ts';

export type LiveMigrationOutput = LiveMigrationResult & { outcome: Outcome };

type ChildEnded = { event: { output: MigrationReport & { outcome: Outcome } } };

export const objects = (check: MigrationCheckName) =>
  ({ type: 'objects', params: { check } }) as const;
export const endedAs = (outcome: Outcome) =>
  ({
    type: 'endedAs',
    params: ({ event }: ChildEnded) => ({ outcome, ended: event.output.outcome }),
  }) as const;
/** The guest ended on the source before it went over: nothing that the run made is of use. */
export const guestIsGone = { type: 'reportsFailure', params: { code: 'guestGone' } } as const;
/** It was asked to while it was claimed. */
export const isAborted = { type: 'reportsFailure', params: { code: 'abortRequested' } } as const;
export const childSays = (code: string) =>
  ({
    type: 'failedWith',
    params: ({ event }: ChildEnded) => ({ code, failure: event.output.failure?.code ?? null }),
  }) as const;
export const reportOfChild = ({ event }: ChildEnded) => ({ report: event.output });
export const failureOf = ({ event }: { event: { error: unknown } }) => ({ error: event.error });

export const claimOf = ({ event }: { event: { output: ClaimAnswer } }) => event.output;
type Ending = NonNullable<LiveMigrationContext['ending']>;
export const noteEnding = (ending: Ending) => ({ type: 'noteEnding', params: { ending } }) as const;
export const endsIn = (ending: Ending) => ({ type: 'endsIn', params: { ending } }) as const;

export const protocolIs = (protocol: 'offline' | LiveMigrationInput['protocol']) =>
  ({ type: 'protocolIs', params: { protocol } }) as const;

/** Names and types of everything that the chart of `liveMigration` speaks of. */
export const liveMigrationSetup = setup({
  types: {
    input: {} as LiveMigrationInput,
    context: {} as LiveMigrationContext,
    events: {} as MigrationCommand,
    output: {} as LiveMigrationOutput,
    tags: {} as StateTag,
    meta: {} as StateMeta,
  },
  actors: {
    peer2peerMigration,
    gatherFacts: effectSlot<MigrationFacts, LiveMigrationInput>('gatherFacts'),
    inspectPeers: effectSlot<PeersView, DomainOnPeers>('inspectPeers'),
    persistOnDestination: effectSlot<void, DomainOnHost>('persistOnDestination'),
    undefineOnSource: effectSlot<void, DomainOnHost>('undefineOnSource'),
    destroyIncoming: effectSlot<void, DomainOnHost>('destroyIncoming'),
    removeVolumes: effectSlot<
      { removed: readonly string[] },
      { domainUuid: string; volumes: readonly Artefact[] }
    >('removeVolumes'),
    claimDomain: effectSlot<ClaimAnswer, ClaimRequest>('claimDomain'),
    releaseClaims: effectSlot<ReleaseAnswer, ReleaseRequest>('releaseClaims'),
    compareCopies: effectSlot<void, CopiesOnSource>('compareCopies'),
    directMigration,
    offlineMigration,
  },
  actions: {
    noteFacts: assign((_, params: { facts: MigrationFacts }) => ({ facts: params.facts })),
    noteLook: assign((_, params: { peers: PeersView }) => ({ peers: params.peers })),
    noteReport: assign(({ context }, params: { report: MigrationReport }) =>
      afterReport(context, params.report),
    ),
    recordFailure: assign(({ context }, params: { error: unknown }) => ({
      report: { ...context.report, failure: readFailure(params.error) },
    })),
    recordAbort: assign(({ context }) => ({
      report: { ...context.report, failure: abortRequested },
    })),
    recordRefusal: assign(({ context }) => ({
      report: { ...context.report, failure: refusal(context) },
    })),
    recordExpectedClaim: assign(({ context }) => ({
      artefacts: [expectedClaim(context, context.source)],
    })),
    /** With the disks that the migration will make: what is not on record is never removed. */
    noteClaim: assign(({ context }, params: ClaimAnswer) => afterClaim(context, params)),
    /** It stands, but not to be used: this is what it is taken away by. */
    noteClaimant: assign((_, params: ClaimAnswer) => ({ claim: params.claim })),
    recordRivals: assign(({ context }, params: ClaimAnswer) => ({
      report: {
        ...context.report,
        failure: claimedFailure(foundDomain(context).name, params),
      },
    })),
    recordUnclaimable: assign(({ context }, params: { error: unknown }) => ({
      report: {
        ...context.report,
        failure: unclaimableFailure(foundDomain(context).name, params.error),
      },
    })),
    noteEnding: assign((_, params: { ending: Ending }) => ({ ending: params.ending })),
    recordReleased: assign(({ context }, params: ReleaseAnswer) => ({
      artefacts: afterRelease(context, params.released),
    })),
    recordClaimsLeft: assign(({ context }) => ({ artefacts: claimsAs(context, 'left') })),
    recordSuccess: assign(({ context }) => ({ artefacts: artefactsOfSuccess(context) })),
    recordRemoved: assign(({ context }, params: { removed: readonly string[] }) => ({
      artefacts: removedArtefacts(context.artefacts, params.removed),
    })),
    markVolumes: assign(({ context }, params: { status: Artefact['status'] }) => ({
      artefacts: withVolumes(context.artefacts, params.status),
    })),
    recordUnsettled: assign(({ context }) => ({
      report: { ...context.report, failure: unsettledFailure(context) },
    })),
    noteCompared: assign(({ context }) => ({
      comparedAtEpochMs: context.peers?.atEpochMs ?? null,
    })),
    recordStaleCopy: assign(({ context }, params: { error: unknown }) => ({
      report: { ...context.report, failure: staleCopyFailure(context, params.error) },
    })),
    recordRemainderLeft: assign(({ context }) => ({
      report: { ...context.report, failure: remainderLeftFailure(context) },
    })),
    recordCopyLeft: assign(({ context }) => ({
      report: { ...context.report, failure: copyLeftFailure(context) },
    })),
    recordSourceDisks: assign(({ context }, params: { removed: readonly string[] }) => ({
      artefacts: afterSourceDisks(context.artefacts, params.removed),
    })),
    /** The child's invoke has the name of its protocol. */
    passOn: sendTo(
      ({ context }) => protocolOf(context),
      ({ event }) => event,
    ),
  },
  guards: {
    isLate,
    objects: ({ context }, params: { check: MigrationCheckName }) =>
      hasObjection(context, params.check),
    endedAs: (_, params: { outcome: Outcome; ended: Outcome }) => params.ended === params.outcome,
    failedWith: (_, params: { code: string; failure: string | null }) =>
      params.failure === params.code,
    reportsFailure: ({ context }, params: { code: string }) =>
      context.report.failure?.code === params.code,
    remains: ({ context }, params: { remainder: Remainder }) =>
      remainderOf(context) === params.remainder,
    preparedNothing: ({ context }) => !hasPrepared(context),
    destinationIsSilent: ({ context }) => context.peers?.destination.reachable !== true,
    sourceMigratesAgain: ({ context }) =>
      context.peers !== null && hasOutgoingJob(context.peers.source),
    destinationHoldsGuest: ({ context }) =>
      context.peers !== null && holdsGuest(context.peers.destination),
    destinationHoldsIncoming: ({ context }) =>
      context.peers !== null && holdsIncoming(context.peers.destination),
    mustCompare: ({ context }) => mustCompare(context),
    sawChange: (_, params: { error: unknown }) => isDiskChanged(params.error),
    protocolIs: ({ context }, params: { protocol: string }) =>
      protocolOf(context) === params.protocol,
    hasMadeVolumes: ({ context }) => volumesOf(context).length > 0,
    hasRivals: (_, params: ClaimAnswer) => params.others.length > 0,
    holdsClaim: ({ context }) => claimHolders(context).length > 0,
    endsIn: ({ context }, params: { ending: Ending }) => context.ending === params.ending,
  },
  delays: {
    peerWait: ({ context }) => context.peerWaitMs,
    askAgain: 1000,
    claimWait: ({ context }) => Math.min(context.peerWaitMs, 5_000),
  },
});
