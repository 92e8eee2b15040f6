import type { DiskImage, DiskSource } from './disk-source.ts';

/** One file (or device, or network image) of a disk's chain, from the domain's live definition. */
export interface DiskLayer {
  /** The source whole; `null`: of a kind that nothing here can name. */
  readonly origin: DiskSource | null;
  /** Path on the host; `null` for a network source, which `source` then describes. */
  readonly path: string | null;
  readonly source: 'file' | 'block' | 'network' | 'other';
  readonly format: string;
}

/** The layers of one disk, and a copy or commit that QEMU shows on it. */
export interface DiskChain {
  readonly targetDev: string;
  /** Top first; empty for a drive without a medium. */
  readonly layers: readonly DiskLayer[];
  /** `<mirror>` of the live definition: where a copy, or an active commit, goes. */
  readonly mirror: {
    readonly job: 'copy' | 'activeCommit' | 'unknown';
    readonly path: string | null;
    readonly origin: DiskSource | null;
    readonly format: string | null;
    /** In step with the disk: it may be pivoted to, or ended as a copy. */
    readonly ready: boolean;
  } | null;
}

/** virDomainBlockJobType by name. */
export type BlockJobType = 'pull' | 'copy' | 'commit' | 'activeCommit' | 'backup' | 'unknown';

/** virDomainGetBlockJobInfo. */
export interface BlockJobView {
  readonly type: BlockJobType;
  readonly processedBytes: number;
  readonly totalBytes: number;
}

export interface CopyOptions {
  /** Flag SHALLOW: only the top layer; the destination has the same backing file. */
  readonly shallow: boolean;
  /** Flag REUSE_EXT: the destination stands already, as somebody made it. */
  readonly reuseExternal: boolean;
  /** Flag TRANSIENT_JOB: a persistent domain may have it, and it ends with its QEMU. */
  readonly transientJob: boolean;
  /** Flag SYNCHRONOUS_WRITES: the guest waits for both. */
  readonly synchronousWrites: boolean;
  /** 0: unlimited. */
  readonly bandwidthMibPerS: number;
}

export interface CommitOptions {
  /** Paths of the layers; `null`: the top of the chain, or its bottom. */
  readonly top: string | null;
  readonly base: string | null;
  /** Flag ACTIVE: the top is in use; the job gets ready, and has to be pivoted. */
  readonly active: boolean;
  /** Flag DELETE: libvirt removes the files that are merged. */
  readonly deleteFiles: boolean;
  readonly bandwidthMibPerS: number;
}

/** What QEMU does to the disks of a running domain (virDomainBlockCopy and its kin). */
export interface BlockJobs {
  /** Every disk with its chain, live where it runs; empty where the host knows no such domain. */
  findChains(uuid: string, signal: AbortSignal): Promise<readonly DiskChain[]>;
  /** `null`: no job on that disk, or no such domain. */
  findBlockJob(uuid: string, targetDev: string, signal: AbortSignal): Promise<BlockJobView | null>;
  /**
   * virDomainBlockCopy: begins it; its end is told by events.
   *
   * @throws FailureError `blockJobActive` when the disk has a job of anybody's
   */
  copyBlock(
    uuid: string,
    targetDev: string,
    destination: DiskImage,
    options: CopyOptions,
    signal: AbortSignal,
  ): Promise<void>;
  /**
   * virDomainBlockRebase with COPY and REUSE_EXT, which libvirt had before the other: begins a copy to a
   * file or block device that stands already. A format other than raw libvirt reads from the
   * destination itself.
   *
   * @throws FailureError as {@link copyBlock}; `operationInvalid` where the domain is persistent
   */
  copyBlockByRebase(
    uuid: string,
    targetDev: string,
    destination: DiskImage,
    options: Pick<CopyOptions, 'shallow' | 'bandwidthMibPerS'>,
    signal: AbortSignal,
  ): Promise<void>;
  /** virDomainBlockCommit: begins it. @throws FailureError as {@link copyBlock} */
  commitBlock(
    uuid: string,
    targetDev: string,
    options: CommitOptions,
    signal: AbortSignal,
  ): Promise<void>;
  /** virDomainBlockRebase without COPY, or virDomainBlockPull where `base` is `null`: begins it. */
  pullBlock(
    uuid: string,
    targetDev: string,
    options: { readonly base: string | null; readonly bandwidthMibPerS: number },
    signal: AbortSignal,
  ): Promise<void>;
  /**
   * virDomainBlockJobAbort. `cancel`: a copy that is ready stays whole at its destination; `pivot`:
   * the guest goes on with the destination. `noJob`: none was there, and only a look at the chain
   * tells what came of it.
   *
   * @throws FailureError `notReady` for a pivot that came too early
   */
  endBlockJob(
    uuid: string,
    targetDev: string,
    how: 'cancel' | 'pivot',
    signal: AbortSignal,
  ): Promise<'ended' | 'noJob'>;
  /**
   * Ends a copy to that file which QEMU makes, and of which libvirt knows nothing because its daemon
   * was killed while it began. To be asked only where libvirt shows no copy: a domain whose QEMU was
   * asked past libvirt is marked as tainted.
   *
   * @throws FailureError `jobActive` while it is not gone yet
   */
  dropForgottenCopy(
    uuid: string,
    copy: { readonly targetDev: string; readonly path: string },
    signal: AbortSignal,
  ): Promise<'dropped' | 'none'>;
  /**
   * The place that QEMU itself has for the disk, as `placeOf` names it; `null`: no QEMU that libvirt
   * knows of, or no such disk. To be asked only where libvirt itself is in doubt: a domain whose QEMU
   * was asked past libvirt is marked as tainted.
   */
  findAttachedPlace(uuid: string, targetDev: string, signal: AbortSignal): Promise<string | null>;
  /** virDomainBlockResize with BYTES: the guest is told of it. Nothing to do where it has that size. */
  resizeBlock(
    uuid: string,
    targetDev: string,
    sizeBytes: number,
    signal: AbortSignal,
  ): Promise<void>;
  /** virDomainBlockJobSetSpeed; 0: unlimited. */
  setBlockJobSpeed(
    uuid: string,
    targetDev: string,
    mibPerS: number,
    signal: AbortSignal,
  ): Promise<void>;
}
