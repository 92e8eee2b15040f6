import type { DomainStatus } from '../../src/ports/domain.ts';

/** One host's answer to "what do you hold of this domain?". */
export type PeerView =
  | { readonly reachable: true; readonly domain: DomainStatus | null }
  | { readonly reachable: false; readonly message: string };

/** Both answers, taken together. */
export interface PeersView {
  readonly atEpochMs: number;
  readonly source: PeerView;
  readonly destination: PeerView;
}

/** What the run itself knows and no host can tell any more. */
export interface Situation {
  readonly guestWasPaused: boolean;
  /** The source's QEMU finished, or nobody watched while it could have. */
  readonly mayHaveSwitched: boolean;
  /** The destination's guest ran, or nobody watched while it could have. */
  readonly mayHaveRunThere: boolean;
}

/**
 * - `bothRun`: split brain.
 * - `jobActive`: the source daemon is still at it.
 * - `switchedOver`: the destination runs, the source has ended.
 * - `sourceStale`: the destination runs, the source holds a paused older copy.
 * - `unchanged`: the source is as it was before.
 * - `sourceToResume`: the source is paused by the migration, the destination never ran.
 * - `overtaken`: the destination ran and is gone; what the source holds is older.
 * - `guestGone`: neither holds a running copy.
 * - `unclear`: a host does not answer while its answer decides.
 */
export type Verdict =
  | 'bothRun'
  | 'jobActive'
  | 'switchedOver'
  | 'sourceStale'
  | 'unchanged'
  | 'sourceToResume'
  | 'overtaken'
  | 'guestGone'
  | 'unclear';

/** Decides from what both hosts show; never from what we hoped for. */
export function judgePeers(view: PeersView, situation: Situation): Verdict {
  const { source, destination } = view;
  if (!source.reachable) return 'unclear';
  const ranOver = destination.reachable && hasTakenOver(destination.domain, situation);
  if (isRunning(source.domain) && ranOver && !situation.guestWasPaused) return 'bothRun';
  if (source.domain?.job?.operation === 'migrationOut') return 'jobActive';
  if (ranOver) return isActive(source.domain) ? 'sourceStale' : 'switchedOver';
  if (!destination.reachable && situation.mayHaveSwitched) return 'unclear';
  if (!isActive(source.domain)) return destination.reachable ? 'guestGone' : 'unclear';
  if (situation.mayHaveRunThere) return 'overtaken';
  if (isRunning(source.domain) || situation.guestWasPaused) return 'unchanged';
  return 'sourceToResume';
}

export function isActive(domain: DomainStatus | null): boolean {
  return domain !== null && domain.state !== 'shutoff' && domain.state !== 'crashed';
}

export function isRunning(domain: DomainStatus | null): boolean {
  return domain !== null && (domain.state === 'running' || domain.state === 'blocked');
}

/**
 * An incoming guest is paused with the reason `startingUp` or `migration` until Finish; a guest
 * that was paused before stays paused, then by `user` (qemuMigrationDstFinish).
 */
function hasTakenOver(domain: DomainStatus | null, situation: Situation): boolean {
  if (isRunning(domain)) return true;
  return situation.guestWasPaused && domain?.state === 'paused' && domain.reason === 'user';
}

/** What each host holds, for the person who has to decide. */
export function describePeers(view: PeersView): string {
  return `source: ${describePeer(view.source)}; destination: ${describePeer(view.destination)}`;
}

function describePeer(peer: PeerView): string {
  if (!peer.reachable) return `does not answer (${peer.message})`;
  if (peer.domain === null) return 'has no such domain';
  return `${peer.domain.state} (${peer.domain.reason})`;
}
