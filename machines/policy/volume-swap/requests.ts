import type { DiskImage } from '../../../src/ports/disk-source.ts';
import type { DomainOnHost } from '../domain-on-host.ts';
import type { RemovalRequest } from '../snapshot-delete/requests.ts';
import type { OneHostInput } from '../one-host/one-host.ts';
import { foundDomain, onHost } from '../one-host/one-host.ts';
import { knowsTransientJobs } from '../one-host/undefined-meanwhile.ts';
import { nextToCopy, nextToMake, nextToPivot } from './copies.ts';
import { nextToPersist, nextToResize, unwantedVolumes } from './endings.ts';
import type { VolumeSwapContext, VolumeSwapInput } from './volume-swap.ts';

/** What the checks depend on. */
export interface FactsRequest extends OneHostInput, Pick<VolumeSwapInput, 'disks'> {}

export interface MakeRequest {
  readonly host: string;
  readonly to: DiskImage;
  readonly virtualSizeBytes: number;
  /** What it lies on, where only the top layer goes. */
  readonly backing: { readonly path: string; readonly format: string } | null;
}

export interface SwapRequest extends DomainOnHost {
  readonly targetDev: string;
  readonly from: DiskImage;
  readonly to: DiskImage;
}

export interface PersistRequest extends SwapRequest {
  /** The copy is of a guest that was off: one that was started meanwhile keeps its old volume. */
  readonly isOffline: boolean;
  /** libvirt shows the old volume of a guest that is known to have the new one. */
  readonly isUnseen: boolean;
  /** As in {@link OfflineCopy}. */
  readonly sourceChangedAt: string | null;
}

/** The definition names the new volume. */
export interface Persisted {
  /** libvirt shows the old volume, and QEMU has the new one. */
  readonly isUnseen: boolean;
}

export interface SwapCopyRequest extends SwapRequest {
  /** A libvirt that does not know of jobs that end with their QEMU is asked by its older call. */
  readonly by: 'blockCopy' | 'blockRebase';
  readonly shallow: boolean;
  readonly synchronousWrites: boolean;
  readonly bandwidthMibPerS: number;
  /** Of the disk: QEMU copies to a volume of that size and of no other. */
  readonly virtualSizeBytes: number;
  /** The destination may be larger; else it is known to be as large. */
  readonly mayBeCut: boolean;
}

export interface OfflineCopyRequest extends SwapRequest {
  readonly virtualSizeBytes: number;
  /** As in {@link SwapCopyRequest}. */
  readonly mayBeCut: boolean;
}

export interface OfflineCopy {
  /** As the pool of the old volume told it before it was read; `null`: it is in none. */
  readonly sourceChangedAt: string | null;
}

/** Copies of ours, each known by the place that it goes to. */
export interface SwapsOnHost extends DomainOnHost {
  readonly swaps: readonly {
    readonly targetDev: string;
    readonly from: DiskImage;
    readonly to: DiskImage;
    /** There may be a copy. */
    readonly isBegun: boolean;
    /** The guest was asked to go on with the copy. */
    readonly isAsked: boolean;
  }[];
}

export interface ResizeRequest extends DomainOnHost {
  readonly targetDev: string;
  readonly image: DiskImage;
  readonly sizeBytes: number;
}

type In = { readonly context: VolumeSwapContext };

export function factsRequest({ context }: In): FactsRequest {
  const { breakClaims, disks, domain, host, peerWaitMs } = context;
  return { domain, host, peerWaitMs, breakClaims, disks };
}

export function makeRequest({ context }: In): MakeRequest {
  const { host, shallow } = context;
  const { sizeBytes, targetDev, to } = nextToMake(context);
  const chain = context.facts?.disks.find((disk) => disk.targetDev === targetDev)?.chain;
  const below = shallow ? (chain?.layers[1] ?? null) : null;
  const backing = below?.path == null ? null : { path: below.path, format: below.format };
  return { host, to, virtualSizeBytes: sizeBytes, backing };
}

export function copyRequest({ context }: In): SwapCopyRequest {
  const { bandwidthMibPerS, facts, shallow, writes } = context;
  const { from, resizeBytes, sizeBytes, targetDev, to } = nextToCopy(context);
  return {
    ...onHost({ context }),
    targetDev,
    from,
    to,
    by: facts !== null && knowsTransientJobs(facts.host) ? 'blockCopy' : 'blockRebase',
    virtualSizeBytes: sizeBytes,
    mayBeCut: resizeBytes !== null,
    shallow,
    synchronousWrites: writes === 'synchronous',
    bandwidthMibPerS,
  };
}

export function offlineCopyRequest({ context }: In): OfflineCopyRequest {
  const { from, resizeBytes, sizeBytes, targetDev, to } = nextToCopy(context);
  const size = { virtualSizeBytes: sizeBytes, mayBeCut: resizeBytes !== null };
  return { ...onHost({ context }), targetDev, from, to, ...size };
}

export function pivotRequest({ context }: In): SwapRequest {
  const { from, targetDev, to } = nextToPivot(context);
  return { ...onHost({ context }), targetDev, from, to };
}

export function persistRequest({ context }: In): PersistRequest {
  const { from, sourceChangedAt, state, targetDev, to } = nextToPersist(context);
  return {
    ...onHost({ context }),
    targetDev,
    from,
    to,
    isOffline: state === 'copied',
    isUnseen: context.isUnseen,
    sourceChangedAt,
  };
}

/** All that are on record, whether they have begun or not. */
export function swapsOnHost({ context }: In): SwapsOnHost {
  const swaps = context.swaps.map(({ from, state, targetDev, to }) => ({
    targetDev,
    from,
    to,
    isBegun: state !== 'none',
    isAsked: state === 'pivotAsked',
  }));
  return { ...onHost({ context }), swaps };
}

/** Those alone whose job is on record. */
export function ownCopies({ context }: In): SwapsOnHost {
  const jobs = context.artefacts.filter(({ kind }) => kind === 'blockJob').map(({ path }) => path);
  const all = swapsOnHost({ context });
  return { ...all, swaps: all.swaps.filter(({ targetDev }) => jobs.includes(targetDev)) };
}

export function resizeRequest({ context }: In): ResizeRequest {
  const { resizeBytes, sizeBytes, targetDev, to } = nextToResize(context);
  return { ...onHost({ context }), targetDev, image: to, sizeBytes: resizeBytes ?? sizeBytes };
}

export const removalRequest = ({ context }: In): RemovalRequest => ({
  ...onHost({ context }),
  paths: unwantedVolumes(context),
});

/** As a person calls it in messages. */
export const nameOf = (context: VolumeSwapContext): string => foundDomain(context).name;
