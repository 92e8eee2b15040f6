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
  /** The destination's guest was seen running. */
  readonly ranThere: boolean;
  /** It ran, or nobody watched while it could have. */
  readonly mayHaveRunThere: boolean;
  /**
   * Finish writes the domain's definition on the destination before it lets the guest run, and
   * there was none before (qemuMigrationDstFinish): no definition there, no guest that ran there.
   */
  readonly finishLeavesDefinition: boolean;
  /** The source's job is one that we drive ourselves: it goes no further without us. */
  readonly drivesJob: boolean;
}

/**
 * - `bothRun`: split brain.
 * - `jobActive`: the source daemon is still at it.
 * - `postcopyActive`: the destination runs and still fetches memory from the source.
 * - `postcopyBroken`: the guest's memory is split between both, and its stream has ended: neither
 *   copy is whole, and neither may be resumed or ended.
 * - `switchedOver`: the destination runs, the source has ended.
 * - `sourceStale`: the destination runs, the source holds a paused older copy.
 * - `halfLeft`: the destination has all of a guest that went over by post-copy; whoever has the
 *   source's job has not ended what stands there.
 * - `unchanged`: the source is as it was before.
 * - `incomingLeft`: the source goes on; a QEMU that never ran still waits on the destination.
 * - `sourceToResume`: the source is paused by the migration, the destination never ran.
 * - `overtaken`: the destination had the guest and does not run it now, or somebody started it there
 *   anew; what the source holds is older, or is the guest, or runs on beside it.
 * - `guestGone`: neither holds a running copy.
 * - `unclear`: a host does not answer, or has not made up its mind, while its answer decides.
 */
export type Verdict =
  | 'bothRun'
  | 'jobActive'
  | 'postcopyActive'
  | 'postcopyBroken'
  | 'switchedOver'
  | 'sourceStale'
  | 'halfLeft'
  | 'unchanged'
  | 'incomingLeft'
  | 'sourceToResume'
  | 'overtaken'
  | 'guestGone'
  | 'unclear';

/** Decides from what both hosts show; never from what we hoped for. */
export function judgePeers(view: PeersView, situation: Situation): Verdict {
  if (!view.source.reachable) return 'unclear';
  const here = view.source.domain;
  const there = holdingOf(view.destination, situation);
  if (there === 'running' && isRunning(here)) return 'bothRun';
  if (isPostcopyBroken(view)) return 'postcopyBroken';
  if (isHalfLeft(view)) return situation.drivesJob ? 'sourceStale' : 'halfLeft';
  if (here?.job?.operation === 'migrationOut' && !situation.drivesJob) return 'jobActive';
  // Its pages are still on their way: what stands here is no older copy but half of the guest.
  if (isInPostcopy(view.destination)) return isActive(here) ? 'postcopyActive' : 'unclear';
  if (isInPostcopy(view.source) && !isWhole(view.destination)) return 'unclear';
  switch (there) {
    case 'running':
    case 'paused':
      if (isRunning(here) || (isActive(here) && isBooted(view.destination))) return 'overtaken';
      return isActive(here) ? 'sourceStale' : 'switchedOver';
    case 'halted':
      return 'overtaken';
    case 'unknown':
      // It may run at any moment, or run already.
      if (situation.mayHaveSwitched || !isActive(here)) return 'unclear';
      break;
    case 'incoming':
      // A late Finish would make it run beside the source.
      if (isRunning(here)) return 'incomingLeft';
      if (situation.mayHaveSwitched || !isActive(here)) return 'unclear';
      if (situation.guestWasPaused) return 'incomingLeft';
      break;
    case 'nothing':
      if (!isActive(here)) return 'guestGone';
      break;
  }
  if (mayHaveGoneOver(view, situation)) return 'overtaken';
  return isRunning(here) || situation.guestWasPaused ? 'unchanged' : 'sourceToResume';
}

/**
 * What the destination holds. `paused`: the guest, at rest as it was before. `incoming`: a QEMU that
 * waits for it. `halted`: the guest, which went over and then stopped (by its user, by an I/O
 * error): a newer state than the source's, so that neither copy may be touched.
 */
type Holding = 'unknown' | 'nothing' | 'incoming' | 'running' | 'paused' | 'halted';

/**
 * An incoming guest is paused with the reason `startingUp` or `migration` until Finish; a guest
 * that was paused before stays paused, then by `user` (qemuMigrationDstFinish).
 */
function holdingOf(peer: PeerView, situation: Situation): Holding {
  if (!peer.reachable) return 'unknown';
  const { domain } = peer;
  if (domain === null || !isActive(domain)) return 'nothing';
  if (isRunning(domain)) return 'running';
  if (domain.state !== 'paused') return 'halted';
  if (isIncoming(domain)) return 'incoming';
  return domain.reason === 'user' && situation.guestWasPaused ? 'paused' : 'halted';
}

/** The guest ran on the destination, or nothing proves that it did not. */
export function mayHaveGoneOver(view: PeersView, situation: Situation): boolean {
  const { destination, source } = view;
  const knowsNothing = destination.reachable && destination.domain === null;
  const isUntouched = knowsNothing && situation.finishLeavesDefinition;
  const stayed = isUntouched || hasNeverStopped(source);
  return situation.mayHaveRunThere && (situation.ranThere || !stayed);
}

/**
 * It runs, and its daemon still names what its QEMU began with (virDomainRunningReason): whoever
 * stops a guest, as every switchover does, makes it name another reason afterwards.
 */
function hasNeverStopped(peer: PeerView): boolean {
  const reasons = ['booted', 'migrated', 'restored', 'fromSnapshot'];
  return peer.reachable && isRunning(peer.domain) && reasons.includes(peer.domain?.reason ?? '');
}

/**
 * Started there from its disks, which no migration does: what the source holds is no older copy of it,
 * and may be all that is left of the guest's memory.
 */
export function isBooted(peer: PeerView): boolean {
  return peer.reachable && isRunning(peer.domain) && peer.domain?.reason === 'booted';
}

/** Two copies were seen to run: until a host shows otherwise, its copy runs on. */
export function mayBothRun({ source, destination }: PeersView): boolean {
  return mayRun(source) && mayRun(destination);
}

function mayRun(peer: PeerView): boolean {
  return !peer.reachable || isRunning(peer.domain);
}

/** Its daemon still holds a job of an outgoing migration. */
export function hasOutgoingJob(peer: PeerView): boolean {
  return peer.reachable && peer.domain?.job?.operation === 'migrationOut';
}

/** It answers, and has no active domain of ours. */
export function holdsNothing(peer: PeerView): boolean {
  return peer.reachable && !isActive(peer.domain);
}

/** A QEMU waits there for a guest that will not come. */
export function holdsIncoming(peer: PeerView): boolean {
  return peer.reachable && peer.domain !== null && isIncoming(peer.domain);
}

/** Paused by nobody but the migration itself: it has never run. */
export function isIncoming({ state, reason }: DomainStatus): boolean {
  return state === 'paused' && (reason === 'startingUp' || reason === 'migration');
}

/** A copy stands there that ran, or may have: its disks are not ours to remove. */
export function holdsGuest(peer: PeerView): boolean {
  return peer.reachable && isActive(peer.domain) && !holdsIncoming(peer);
}

/** Has the guest gone over? The destination's own state proves it, whatever the source shows. */
export function hasTakenOver(peer: PeerView, situation: Situation): boolean {
  return ['running', 'paused', 'halted'].includes(holdingOf(peer, situation));
}

/** Either host says so: QEMU's stream has ended in the middle of post-copy, and nobody has it whole. */
export function isPostcopyBroken({ source, destination }: PeersView): boolean {
  return (hasBrokenHalf(source) || hasBrokenHalf(destination)) && !isWhole(destination);
}

/** The destination has all of it; the source's QEMU has not heard that yet, and keeps its half. */
export function isHalfLeft({ source, destination }: PeersView): boolean {
  return hasBrokenHalf(source) && isWhole(destination);
}

function hasBrokenHalf(peer: PeerView): boolean {
  return peer.reachable && isActive(peer.domain) && peer.domain?.reason === 'postcopyFailed';
}

/** It runs there and has all of its memory. */
function isWhole(peer: PeerView): boolean {
  return peer.reachable && isRunning(peer.domain) && peer.domain?.reason === 'migrated';
}

/** Post-copy has begun: paused by it on the source, or running by it on the destination. */
export function isInPostcopy(peer: PeerView): boolean {
  return peer.reachable && isActive(peer.domain) && peer.domain?.reason === 'postcopy';
}

export function isActive(domain: DomainStatus | null): boolean {
  return domain !== null && domain.state !== 'shutoff' && domain.state !== 'crashed';
}

export function isRunning(domain: DomainStatus | null): boolean {
  return domain !== null && (domain.state === 'running' || domain.state === 'blocked');
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
