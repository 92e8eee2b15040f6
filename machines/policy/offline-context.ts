import type { DomainView } from '../../src/ports/domain.ts';
import type { Failure } from '../../src/ports/failure.ts';
import type { IncomingView, MigrateCall } from '../../src/ports/migration.ts';
import type { DomainOnPeers } from './domain-on-host.ts';
import type { PhaseRecord } from './migration-phases.ts';
import type { PeersView } from './peers.ts';
import { describePeers, isActive } from './peers.ts';

/** One disk whose file is copied through this process. */
export interface DiskCopy {
  readonly targetDev: string;
  /** Paths on the source and on the destination. */
  readonly from: string;
  readonly to: string;
}

/** Each disk keeps its path unless the destination's own definition names another one. */
export function toDiskCopies(domain: DomainView, { disks }: IncomingView): DiskCopy[] {
  return disks.map(({ targetDev, path }) => ({
    targetDev,
    from: domain.disks.find((disk) => disk.targetDev === targetDev)?.path ?? path,
    to: path,
  }));
}

export type DiskOnPeers = DomainOnPeers & { readonly disk: DiskCopy };

export interface OfflineInput {
  readonly source: string;
  readonly destination: string;
  readonly domain: { readonly uuid: string; readonly name: string };
  readonly call: MigrateCall;
  readonly disks: readonly DiskCopy[];
  readonly peerWaitMs: number;
}

export interface OfflineContext extends OfflineInput {
  readonly phases: readonly PhaseRecord[];
  /** So many disks are copied whole. */
  readonly disksCopied: number;
  /** Paths of volumes that we made, or may have made. */
  readonly volumesMade: readonly string[];
  readonly peers: PeersView | null;
  readonly failure: Failure | null;
}

export function beforeOffline(input: OfflineInput): OfflineContext {
  return { ...input, phases: [], disksCopied: 0, volumesMade: [], peers: null, failure: null };
}

/** The disk whose turn it is. Only states that copy one ask for it. */
export function nextDisk({ disks, disksCopied }: OfflineContext): DiskCopy {
  const disk = disks[disksCopied];
  if (disk === undefined) throw new Error('every disk is copied already');
  return disk;
}

/** How the move ended, for the parent. */
export function offlineReport({ failure, peers, phases, volumesMade }: OfflineContext) {
  return { failure, phases, downtimeMs: null, peers, volumesMade };
}

/** It has been started on the source: its disks change, and it is no offline migration any more. */
export function isStarted(peers: PeersView): boolean {
  return peers.source.reachable && isActive(peers.source.domain);
}

export function isDefinedThere({ destination }: PeersView): boolean {
  return destination.reachable && destination.domain?.persistent === true;
}

/** What Prepare made, and Finish has not written: nobody can use it, and it goes by itself never. */
export function isHalfThere({ destination }: PeersView): boolean {
  const domain = destination.reachable ? destination.domain : null;
  return domain !== null && !domain.persistent && !isActive(domain);
}

export function isAbsentThere({ destination }: PeersView): boolean {
  return destination.reachable && destination.domain === null;
}

export const startedMeanwhile: Failure = {
  code: 'guestStarted',
  message: 'the domain was started on the source while it was being moved shut off',
  effect: 'none',
};

/** Every copied disk stays, nobody knows whether the definition went over. */
export function offlineUnknown(context: OfflineContext): Failure {
  const held = context.peers === null ? 'neither host has answered' : describePeers(context.peers);
  const cause = context.failure === null ? '' : `. Cause: ${context.failure.message}`;
  return {
    code: 'peerUnreachable',
    message: `it is not known whether ${context.domain.name} is defined on the destination (${held}): see that both hosts answer, and start it on one of them only${cause}`,
    effect: 'unknown',
  };
}
