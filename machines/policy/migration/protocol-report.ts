import type { Failure } from '../../../src/ports/failure.ts';
import type { PhaseRecord } from './phases.ts';
import { hasReached, toPhaseRecords } from './phases.ts';
import type { CopiedDisk } from './offline-context.ts';
import type { PeersView } from '../peers.ts';
import { describePeers } from '../peers.ts';
import type { ProtocolContext } from './protocol-context.ts';
import { situationOf } from './protocol-context.ts';
import { quandaryOf } from './quandaries.ts';

/** How a protocol ended, for whoever chose it. */
export interface MigrationReport {
  readonly failure: Failure | null;
  readonly phases: readonly PhaseRecord[];
  /** From the guest's stop on the source to its start on the destination; `null`: none was seen. */
  readonly downtimeMs: number | null;
  readonly peers: PeersView | null;
  /** The volumes that we made ourselves, or tried to; `null`: libvirt makes them. */
  readonly volumesMade: readonly string[] | null;
  /** The disks that we copied ourselves, each with the stamp of its source. */
  readonly copies: readonly CopiedDisk[];
}

export function reportOf(context: ProtocolContext): MigrationReport {
  const { suspendedAtEpochMs, resumedAtEpochMs, failure, peers } = context;
  return {
    failure,
    phases: [...toPhaseRecords(context.reached), ...cancelledPhases(context)],
    downtimeMs:
      suspendedAtEpochMs === null || resumedAtEpochMs === null
        ? null
        : Math.max(0, resumedAtEpochMs - suspendedAtEpochMs),
    peers,
    volumesMade: null,
    copies: [],
  };
}

/**
 * A source daemon that drives and fails the call after PERFORM3 has always gone through
 * CONFIRM3_CANCELLED (doPeer2PeerMigrate3 in qemu_migration.c); the look that followed proves it.
 */
function cancelledPhases(context: ProtocolContext): PhaseRecord[] {
  const { cancelledAtEpochMs, drives, failure, peers, reached, replied } = context;
  const phase = 'CONFIRM3_CANCELLED';
  if (cancelledAtEpochMs !== null && context.postcopy === 'none')
    return [{ phase, evidence: 'ours', atEpochMs: cancelledAtEpochMs }];
  // A post-copy that broke is not cancelled: the source keeps its half (POSTCOPY_FAILED).
  if (
    context.postcopy !== 'none' ||
    drives === 'client' ||
    !replied ||
    failure === null ||
    !hasReached(reached, 'perform3')
  )
    return [];
  return [
    { phase, evidence: 'inferred', atEpochMs: peers?.atEpochMs ?? reached.at(-1)?.atEpochMs ?? 0 },
  ];
}

/** The report of a run after which everything is as before: the failure left nothing behind. */
export function rolledBackReport(context: ProtocolContext): MigrationReport {
  const report = reportOf(context);
  return {
    ...report,
    failure: report.failure === null ? null : { ...report.failure, effect: 'none' },
  };
}

/** The report of a run that no program can end, with what each host holds and what to do. */
export function operatorReport(context: ProtocolContext): MigrationReport {
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
