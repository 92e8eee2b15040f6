import type { FormattedImage } from './images.ts';

/** What a snapshot holds of one disk. */
export interface SnapshotDisk {
  readonly targetDev: string;
  readonly kind: 'no' | 'internal' | 'external' | 'manual';
  /** Of an external one: the overlay that was written from then on; `null`: libvirt names it. */
  readonly overlayPath: string | null;
  readonly format: string | null;
}

/** A snapshot as libvirt's metadata tell it. */
export interface SnapshotView {
  readonly name: string;
  readonly parent: string | null;
  readonly children: readonly string[];
  /** What the domain's state now descends from. */
  readonly current: boolean;
  readonly description: string | null;
  readonly createdAtEpochMs: number;
  /** `diskSnapshot`: the domain ran, and its memory is not in it. */
  readonly state: 'running' | 'paused' | 'shutoff' | 'diskSnapshot' | 'other';
  readonly memory: { readonly kind: 'none' | 'internal' } | MemoryFile;
  readonly disks: readonly SnapshotDisk[];
  /** Files that the guest's data of that moment stand in, by disk; from the definition it keeps. */
  readonly frozenPaths: readonly { readonly targetDev: string; readonly path: string }[];
  /** The metadata keep the domain's definition: without it, a revert is risky. */
  readonly hasDefinition: boolean;
  /**
   * Disks of which libvirt has noted that the snapshot after this one was being merged when the daemon
   * died (libvirt 9.0 and later): until that is mended, it refuses to delete this one.
   */
  readonly unfinishedDeletion: readonly string[];
}

export interface MemoryFile {
  readonly kind: 'external';
  readonly path: string;
}

/** A layer of a disk that was merged into another one, where the data stand now. */
export interface MergedLayer {
  readonly targetDev: string;
  readonly from: string;
  readonly to: FormattedImage;
}

/** What virDomainSnapshotCreateXML is asked for; the same words as its flags. */
export interface SnapshotRequest {
  readonly name: string;
  readonly description: string | null;
  readonly memory: { readonly kind: 'none' | 'internal' } | MemoryFile;
  /** Every disk of the domain is named, so that nothing is libvirt's choice. */
  readonly disks: readonly SnapshotDisk[];
  readonly diskOnly: boolean;
  readonly quiesce: boolean;
  readonly atomic: boolean;
  readonly reuseExternal: boolean;
  readonly halt: boolean;
  readonly noMetadata: boolean;
  /** The guest runs on while its memory is written. */
  readonly live: boolean;
}

export interface RevertOptions {
  readonly resumeAs: 'asSnapshot' | 'running' | 'paused';
  /** Flag FORCE: although libvirt calls it risky. */
  readonly force: boolean;
  readonly resetNvram: boolean;
}

export interface DeleteOptions {
  readonly children: 'keep' | 'withIt' | 'only';
  readonly metadataOnly: boolean;
}

/** A file that a QEMU has open. */
export interface OpenFile {
  readonly path: string;
  /** Names of the block nodes that stand for it, each before the one that it lies on. */
  readonly nodes: readonly string[];
}

/** libvirt's own snapshots (virDomainSnapshot...). */
export interface Snapshots {
  /** Parents before their children; empty where the host knows no such domain. */
  listSnapshots(uuid: string, signal: AbortSignal): Promise<readonly SnapshotView[]>;
  /** The metadata whole, with the definition it keeps (and its secrets): for a revert and for `redefine`. */
  snapshotXml(uuid: string, name: string, signal: AbortSignal): Promise<string>;
  createSnapshot(uuid: string, request: SnapshotRequest, signal: AbortSignal): Promise<void>;
  /** Flag REDEFINE: metadata alone, as {@link snapshotXml} gave them. */
  redefineSnapshot(
    uuid: string,
    xml: string,
    options: { readonly current: boolean },
    signal: AbortSignal,
  ): Promise<void>;
  /**
   * Takes claims out of the definition that a snapshot keeps, if there are any: it was made while a run
   * had the domain, and a revert would bring that run's claim back. By a redefinition, which forgets
   * what libvirt notes of a revert or a delete under way. Nothing to do where there is no such snapshot.
   */
  clearSnapshotClaims(uuid: string, name: string, signal: AbortSignal): Promise<void>;
  /**
   * Of every snapshot: disks of the definition that it keeps which are a merged layer become what that
   * was merged into, and notes of an unfinished deletion of those disks go. By redefinitions, which
   * leave parents and what is current as they are; nothing to do where nothing of that is found.
   */
  mendSnapshots(uuid: string, merged: readonly MergedLayer[], signal: AbortSignal): Promise<void>;
  /**
   * Files that the domain's QEMU itself has open, by its own word (query-named-block-nodes): a daemon
   * that was killed while it made a snapshot may not know of an overlay that the guest writes to. `null`:
   * it does not run. libvirt marks a domain of which this was asked as tainted.
   */
  findOpenFiles(uuid: string, signal: AbortSignal): Promise<readonly OpenFile[] | null>;
  /**
   * Files that its disks are in QEMU itself (query-block), which a daemon that was killed while it deleted
   * a snapshot may believe to have been left for others, or not. `null`: it does not run. Taints it, as
   * {@link findOpenFiles}.
   */
  findDiskFiles(uuid: string, signal: AbortSignal): Promise<readonly string[] | null>;
  /**
   * Its QEMU lets go of a file that it has open and no disk, job or other node of it uses: a daemon that
   * was killed between opening an overlay and the snapshot knows nothing of it, and would give the names
   * of its nodes again (blockdev-del). Gives the nodes that have it open still; none where it is not open,
   * or nothing runs. Taints it, as {@link findOpenFiles}.
   */
  dropLeftNodes(uuid: string, path: string, signal: AbortSignal): Promise<readonly string[]>;
  /** virDomainRevertToSnapshot. @throws FailureError `noSnapshot`, `revertRisky`, `revertUnsupported` */
  revertToSnapshot(
    uuid: string,
    name: string,
    options: RevertOptions,
    signal: AbortSignal,
  ): Promise<void>;
  /** virDomainSnapshotDelete; nothing to do where there is none of that name. */
  deleteSnapshot(
    uuid: string,
    name: string,
    options: DeleteOptions,
    signal: AbortSignal,
  ): Promise<void>;
}
