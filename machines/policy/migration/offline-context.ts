import type { DomainView } from '../../../src/ports/domain.ts';
import type { Failure } from '../../../src/ports/failure.ts';
import type { IncomingView, MigrateCall } from '../../../src/ports/migration.ts';
import { readFailure } from '../failures.ts';
import type { DomainOnHost, DomainOnPeers } from '../domain-on-host.ts';
import { onSource } from '../domain-on-host.ts';
import type { LibvirtPhase, PhaseRecord } from './phases.ts';
import type { PeersView } from '../peers.ts';
import { describePeers, isActive } from '../peers.ts';

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

/** What ends the copy of a disk. */
export interface DiskCopied {
  readonly atEpochMs: number;
  /** The source's file as it was copied; see {@link VolumeView}. */
  readonly changedAt: string | null;
}

/** A disk that is copied whole, as it was then. */
export interface CopiedDisk {
  readonly disk: DiskCopy;
  readonly changedAt: string | null;
}

export type CopiesOnSource = DomainOnHost & { readonly copies: readonly CopiedDisk[] };

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
  /** In the order of the disks. */
  readonly copies: readonly CopiedDisk[];
  /** Paths of volumes that we made, or may have made. */
  readonly volumesMade: readonly string[];
  readonly peers: PeersView | null;
  readonly failure: Failure | null;
}

export function beforeOffline(input: OfflineInput): OfflineContext {
  return { ...input, phases: [], copies: [], volumesMade: [], peers: null, failure: null };
}

/** The disk whose turn it is. Only states that copy one ask for it. */
export function nextDisk({ copies, disks }: OfflineContext): DiskCopy {
  const disk = disks[copies.length];
  if (disk === undefined) throw new Error('every disk is copied already');
  return disk;
}

export const copiesInput = ({ context }: { readonly context: OfflineContext }): CopiesOnSource => ({
  ...onSource({ context }),
  copies: context.copies,
});

/** How the move ended, for the parent. */
export function offlineReport({ copies, failure, peers, phases, volumesMade }: OfflineContext) {
  return { failure, phases, downtimeMs: null, peers, volumesMade, copies };
}

/** The report of a move after which everything is as before: the failure left nothing behind. */
export function offlineRolledBack(context: OfflineContext) {
  const { failure, ...report } = offlineReport(context);
  return {
    ...report,
    failure: failure === null ? null : ({ ...failure, effect: 'none' } as const),
  };
}

/** It has been started on the source: its disks change, and it is no offline migration any more. */
export function isStarted(peers: PeersView): boolean {
  return peers.source.reachable && isActive(peers.source.domain);
}

export function hasBegun({ phases }: OfflineContext, phase: LibvirtPhase): boolean {
  return phases.some((begun) => begun.phase === phase);
}

/** What stands there before we have asked for it is somebody else's, and proves nothing. */
export function isDefinedThere(context: OfflineContext, { destination }: PeersView): boolean {
  const isDefined = destination.reachable && destination.domain?.persistent === true;
  return isDefined && hasBegun(context, 'FINISH3');
}

/** What Prepare made, and Finish has not written: nobody can use it, and it goes by itself never. */
export function isHalfThere({ destination }: PeersView): boolean {
  const domain = destination.reachable ? destination.domain : null;
  return domain !== null && !domain.persistent && !isActive(domain);
}

export function isAbsentThere({ destination }: PeersView): boolean {
  return destination.reachable && destination.domain === null;
}

/** A comparison found a disk of the source newer than its copy. */
export function isDiskChanged(error: unknown): boolean {
  return readFailure(error).code === 'diskChanged';
}

export const startedMeanwhile: Failure = {
  code: 'guestStarted',
  message: 'the domain was started on the source while it was being moved shut off',
  effect: 'none',
};

/** It stands on both hosts, and the one on the source must stay. */
function copiesUntrusted({ domain: { name }, failure, peers }: OfflineContext): Failure {
  const held = peers === null ? '' : ` (${describePeers(peers)})`;
  if (failure?.code === 'diskChanged')
    return {
      code: 'diskChanged',
      message: `${name}'s disk changed on the source after it was copied: what lies on the destination is older: undefine it there, with its copied disks, and move it again${held}. Cause: ${failure.message}`,
      effect: 'unknown',
    };
  const cause = failure === null ? '' : `. Cause: ${failure.message}`;
  return {
    code: 'copiesNotCompared',
    message: `${name} is defined on the destination, but it is not known whether its disks on the source have changed since they were copied${held}: if nothing has written to them, undefine it on the source; else undefine it on the destination, with its copied disks, and move it again${cause}`,
    effect: 'unknown',
  };
}

/** Every copied disk stays, nobody knows whether the definition went over, or with the right disks. */
export function offlineUnknown(context: OfflineContext): Failure {
  if (context.peers !== null && isDefinedThere(context, context.peers))
    return copiesUntrusted(context);
  const held = context.peers === null ? 'neither host has answered' : describePeers(context.peers);
  const cause = context.failure === null ? '' : `. Cause: ${context.failure.message}`;
  return {
    code: 'peerUnreachable',
    message: `it is not known whether ${context.domain.name} is defined on the destination (${held}): see that both hosts answer, and start it on one of them only${cause}`,
    effect: 'unknown',
  };
}
