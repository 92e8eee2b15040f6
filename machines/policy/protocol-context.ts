import type { DomainStatus } from '../../src/ports/domain.ts';
import type { Failure } from '../../src/ports/failure.ts';
import type { MigrateCall } from '../../src/ports/migration.ts';
import type { MigrationEvent } from '../migration-events.ts';
import type { PhaseRecord, ReachedMilestone } from './migration-phases.ts';
import { hasReached, noteEvidence, reach, toPhaseRecords } from './migration-phases.ts';
import type { PeersView, Situation } from './peers.ts';
import { describePeers, hasTakenOver, isRunning } from './peers.ts';
import { quandaryOf } from './quandaries.ts';

export interface Peer2peerInput {
  /** Connection URIs by which *we* reach the daemons. */
  readonly source: string;
  readonly destination: string;
  /** The domain as it was found before anything was touched. */
  readonly domain: DomainStatus;
  readonly call: MigrateCall;
  /** See `Situation`. */
  readonly finishLeavesDefinition: boolean;
  /** `null`: no budget. */
  readonly timeoutMs: number | null;
  readonly onTimeout: 'abort' | 'forceComplete';
  readonly onSplitBrain: 'suspendSource' | 'report';
  /** How long a host that does not answer is waited for, where its answer decides. */
  readonly peerWaitMs: number;
}

export interface Peer2peerContext extends Peer2peerInput {
  readonly reached: readonly ReachedMilestone[];
  /** Where a copy of the guest is known to run, by the latest evidence. */
  readonly runs: { readonly source: boolean; readonly destination: boolean };
  /** A host that could not be watched for a while: events may have been missed. */
  readonly watchBroken: { readonly source: boolean; readonly destination: boolean };
  /** QEMU's own events arrive from the source; a daemon may refuse them to us. */
  readonly qemuHeard: boolean;
  readonly suspendedAtEpochMs: number | null;
  readonly resumedAtEpochMs: number | null;
  /** The source daemon ended the call itself (and not a lost connection). */
  readonly replied: boolean;
  readonly peers: PeersView | null;
  /** Both copies were seen running, by a look at both hosts. */
  readonly sawSplitBrain: boolean;
  readonly failure: Failure | null;
}

export interface MigrationReport {
  readonly failure: Failure | null;
  readonly phases: readonly PhaseRecord[];
  /** From the guest's stop on the source to its start on the destination; `null`: none was seen. */
  readonly downtimeMs: number | null;
  readonly peers: PeersView | null;
}

export function startingContext(input: Peer2peerInput): Peer2peerContext {
  return {
    ...input,
    reached: [],
    runs: { source: isRunning(input.domain), destination: false },
    watchBroken: { source: false, destination: false },
    qemuHeard: false,
    suspendedAtEpochMs: null,
    resumedAtEpochMs: null,
    replied: false,
    peers: null,
    sawSplitBrain: false,
    failure: null,
  };
}

/** What one event of a watch changes in what the run knows. */
export function afterEvidence(context: Peer2peerContext, event: MigrationEvent) {
  const { runs, watchBroken } = context;
  const at = event.atEpochMs;
  const reached = noteEvidence(context.reached, event);
  switch (event.type) {
    case 'source.domain.suspended':
      // A guest that stands already is not stopped again: the first stop begins the downtime.
      return runs.source
        ? { reached, runs: { ...runs, source: false }, suspendedAtEpochMs: at }
        : { reached };
    case 'source.domain.stopped':
      return { reached, runs: { ...runs, source: false } };
    case 'source.domain.resumed':
      return { reached, runs: { ...runs, source: true }, suspendedAtEpochMs: null };
    case 'destination.domain.resumed':
      return { reached, runs: { ...runs, destination: true }, resumedAtEpochMs: at };
    case 'destination.domain.suspended':
    case 'destination.domain.stopped':
      return { reached, runs: { ...runs, destination: false } };
    case 'source.connection.lost':
      return { reached, watchBroken: { ...watchBroken, source: true } };
    case 'destination.connection.lost':
      return { reached, watchBroken: { ...watchBroken, destination: true } };
    default:
      return event.type.startsWith('source.migration.')
        ? { reached, qemuHeard: true }
        : { reached };
  }
}

/**
 * What a look at both hosts changes: it corrects what the events made us believe, and a guest seen
 * on the destination proves FINISH3, for as long as the run lasts.
 */
export function afterLook(context: Peer2peerContext, peers: PeersView) {
  const { source, destination } = peers;
  return {
    peers,
    reached: hasTakenOver(destination, situationOf(context))
      ? reach(context.reached, 'finish3', peers.atEpochMs)
      : context.reached,
    runs: {
      source: source.reachable ? isRunning(source.domain) : context.runs.source,
      destination: destination.reachable ? isRunning(destination.domain) : context.runs.destination,
    },
  };
}

export function situationOf(context: Peer2peerContext): Situation {
  const { reached, watchBroken } = context;
  // Without QEMU's own events nobody sees it finish.
  const unseen = watchBroken.source || (!context.qemuHeard && hasReached(reached, 'precopy'));
  const seenRunning = context.resumedAtEpochMs !== null || hasReached(reached, 'finish3');
  const mayHaveSwitched = unseen || seenRunning || hasReached(reached, 'perform3Done');
  return {
    guestWasPaused: context.domain.state === 'paused',
    mayHaveSwitched,
    ranThere: seenRunning,
    finishLeavesDefinition: context.finishLeavesDefinition,
    mayHaveRunThere: seenRunning || (mayHaveSwitched && watchBroken.destination),
  };
}

/** The source daemon is still at it, as far as we know, and its guest has not gone over. */
export function canBeCalledOff(context: Peer2peerContext): boolean {
  return !context.replied && !hasReached(context.reached, 'perform3Done');
}

export function reportOf(context: Peer2peerContext): MigrationReport {
  const { suspendedAtEpochMs, resumedAtEpochMs, failure, peers } = context;
  const phases = toPhaseRecords(context.reached);
  return {
    failure,
    phases: wasCancelled(context) ? [...phases, cancelledPhase(context)] : phases,
    downtimeMs:
      suspendedAtEpochMs === null || resumedAtEpochMs === null
        ? null
        : Math.max(0, resumedAtEpochMs - suspendedAtEpochMs),
    peers,
  };
}

/**
 * A source daemon that fails the call after PERFORM3 has always gone through CONFIRM3_CANCELLED
 * (doPeer2PeerMigrate3 in qemu_migration.c); the look that followed proves it.
 */
function wasCancelled(context: Peer2peerContext): boolean {
  return context.replied && context.failure !== null && hasReached(context.reached, 'perform3');
}

function cancelledPhase(context: Peer2peerContext): PhaseRecord {
  const atEpochMs = context.peers?.atEpochMs ?? context.reached.at(-1)?.atEpochMs ?? 0;
  return { phase: 'CONFIRM3_CANCELLED', evidence: 'inferred', atEpochMs };
}

/** The report of a run after which everything is as before: the failure left nothing behind. */
export function rolledBackReport(context: Peer2peerContext): MigrationReport {
  const report = reportOf(context);
  return {
    ...report,
    failure: report.failure === null ? null : { ...report.failure, effect: 'none' },
  };
}

/** The report of a run that no program can end, with what each host holds and what to do. */
export function operatorReport(context: Peer2peerContext): MigrationReport {
  const { domain, peers, runs, sawSplitBrain } = context;
  const runsThere = runs.destination ? 'running' : 'ended';
  const lasting = runs.source ? runsThere : 'stopped';
  const split = sawSplitBrain ? lasting : 'none';
  const { code, advice } = quandaryOf(domain.name, peers, situationOf(context), split);
  const held = context.peers === null ? 'neither host has answered' : describePeers(context.peers);
  const cause = context.failure === null ? '' : `. Cause: ${context.failure.message}`;
  const failure = { code, message: `${advice} (${held})${cause}`, effect: 'unknown' } as const;
  return { ...reportOf(context), failure };
}
