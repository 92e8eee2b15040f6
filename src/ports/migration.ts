import type { Claim, StandingClaim } from './claim.ts';
import type { DomainView, HostView } from './domain.ts';
import type { Failure } from './failure.ts';

/** What libvirt is asked for; the same words as its flags and typed parameters. */
export interface MigrationOptions {
  /** Flag TUNNELLED: memory travels inside the connection to the destination's daemon. */
  readonly tunnelled: boolean;
  /**
   * For a tunnel that the client carries: where the source sends its memory to, and we listen
   * (`tcp://ADDRESS:PORT` or `unix:///PATH`, as the source reaches us). `null`: no such tunnel.
   */
  readonly relayUri: string | null;
  /** `all`: NON_SHARED_DISK, `inc`: NON_SHARED_INC (the destination's base images are in place). */
  readonly copyStorage: 'none' | 'all' | 'inc';
  /** `<target dev>` of the disks to copy; empty: all writable ones. */
  readonly copyDisks: readonly string[];
  /** How much room a copied disk must find: all that it may grow to, or what it holds now. */
  readonly spaceWanted: 'virtualSize' | 'allocation';
  /** MiB/s; 0: unlimited. */
  readonly bandwidthMibPerS: number;
  readonly autoConverge: boolean;
  /** Percent of its time that auto-converge takes from the guest; `null`: QEMU's 20 and 10. */
  readonly autoConvergeInitial: number | null;
  readonly autoConvergeIncrement: number | null;
  /** Flag POSTCOPY: post-copy may be started later; it is not started by that. */
  readonly postcopy: boolean;
  /** MiB/s once post-copy has begun; 0: unlimited. */
  readonly postcopyBandwidthMibPerS: number;
  /** 1: a single stream, without the flag PARALLEL. */
  readonly parallelConnections: number;
  /** Flag ZEROCOPY, of parallel streams only. */
  readonly zerocopy: boolean;
  /** Flag TLS: memory and copied disks are encrypted and both ends prove who they are. */
  readonly tls: boolean;
  /** The name that the destination's certificate must have; `null`: the host name of the stream. */
  readonly tlsDestination: string | null;
  /** Names of methods (`xbzrle`, `mt`, `zlib`, `zstd`); empty: no compression. */
  readonly compression: readonly string[];
  /** Migrate although libvirt calls a disk unsafe (flag UNSAFE). */
  readonly unsafe: boolean;
  /** The definition on the destination: as on the source, or gone with its QEMU. */
  readonly persistence: 'asBefore' | 'transient';
  /** Keep the definition on the source. */
  readonly keepSource: boolean;
  /** `null`: the same name. */
  readonly destinationName: string | null;
  /** `null`: the definition of the source. */
  readonly destinationXml: string | null;
  /** What becomes of a copied disk's file on the source once the guest runs elsewhere. */
  readonly sourceDisk: 'keep' | 'delete';
  /** How the *source daemon* reaches the destination daemon; `null` where it need not. */
  readonly destinationConnectUri: string | null;
  /** Where the memory stream goes; `null`: the destination's advertised name. */
  readonly migrationUri: string | null;
  /** Where the destination listens for the streams; `null`: on all its addresses. */
  readonly listenAddress: string | null;
  /** Where copied disks go to; `null`: where the memory goes, on a port that libvirt chooses. */
  readonly disksUri: string | null;
  readonly disksPort: number | null;
}

/** What a migration is for: to move a running guest, a definition, or to mend a broken post-copy. */
export type MigrationPurpose = 'move' | 'moveOffline' | 'resumePostcopy';

/** One migration as libvirt is asked for it: one call of the source daemon, or five phases. */
export interface MigrateCall {
  readonly domainUuid: string;
  readonly purpose: MigrationPurpose;
  readonly options: MigrationOptions;
  /** Was the domain persistent on the source? Decides PERSIST_DEST and UNDEFINE_SOURCE. */
  readonly persistent: boolean;
  /** `<target dev>` of each disk to copy, never empty when storage is copied (see MigrationPlan). */
  readonly copyDisks: readonly string[];
  /**
   * The claim on the domain. It goes along by itself, except where the destination's definition is
   * given: then it is written into that.
   */
  readonly claim?: Claim;
}

/** The two ends of a migration that the client drives. */
export interface MigrationEnds {
  /** Connection URIs by which *we* reach the daemons. */
  readonly source: string;
  readonly destination: string;
}

/**
 * A migration that the client drives phase by phase (RPC 302 to 307), on one connection of its own to
 * each daemon. Both daemons take the end of that connection as the end of the client: the source
 * drops the job, the destination kills a QEMU that waits. The phases' cookies, and the definition
 * with its secrets, stay in here: they are of no use on any other connection.
 *
 * Every phase throws {@link FailureError}; `effect: 'unknown'` where its reply was lost.
 */
export interface MigrationLink {
  /** RPC 302 with CHANGE_PROTECTION: the source begins its job. */
  begin(call: MigrateCall, signal: AbortSignal): Promise<void>;
  /** RPC 303, or 304 where the client carries the memory: the destination starts an empty QEMU. */
  prepare(call: MigrateCall, signal: AbortSignal): Promise<void>;
  /** RPC 305: the source copies, stops the guest and sends the rest. Failed, it has cleaned up. */
  perform(call: MigrateCall, signal: AbortSignal): Promise<void>;
  /**
   * RPC 306: the destination lets the guest run. `nothing`: it holds none, which is what a cancelled
   * one (error 93) wants.
   */
  finish(call: MigrateCall, cancelled: boolean, signal: AbortSignal): Promise<'guest' | 'nothing'>;
  /** RPC 307: the source ends its copy, or takes the guest back where it was cancelled. */
  confirm(call: MigrateCall, cancelled: boolean, signal: AbortSignal): Promise<void>;
  /** Resolves when a connection has ended that we did not end. */
  readonly lost: Promise<{ readonly peer: 'source' | 'destination'; readonly message: string }>;
  /** Ends both connections. Never throws. */
  close(): Promise<void>;
}

/** A volume as its pool knows it. */
export interface VolumeView {
  readonly path: string;
  readonly format: string;
  readonly capacityBytes: number;
  /** Bytes of the file itself: what a download delivers. */
  readonly fileBytes: number;
  /** The base image that it needs; `null`: none. */
  readonly backingPath: string | null;
  /** Another one after every write (the file's mtime); `null`: its host cannot tell, as of a block device. */
  readonly changedAt: string | null;
}

/** Where one copied disk will lie on the destination. */
export interface DestinationDisk {
  readonly targetDev: string;
  readonly path: string;
  readonly capacityBytes: number;
  /** The active pool that owns the path: libvirt creates a missing disk only through one. */
  readonly pool: string | null;
  readonly poolAvailableBytes: number | null;
  /** A volume that stands there already, before this run. */
  readonly existing: { readonly capacityBytes: number } | null;
  /** Another domain of the destination whose definition uses the path. */
  readonly usedBy: string | null;
}

/** Where a disk that nobody copies is expected on the destination. */
export interface StayingDisk {
  readonly targetDev: string;
  readonly path: string;
  /** The active pool that owns the path; `null`: none, and so nobody can tell what stands there. */
  readonly pool: string | null;
  readonly exists: boolean;
}

export type Reachability =
  { readonly reachable: true } | { readonly reachable: false; readonly message: string };

/** What the destination says of a domain that wants to come. */
export interface IncomingView {
  /** A domain of that name, or of that uuid, which the migration would collide with. */
  readonly nameTakenBy: { readonly uuid: string; readonly active: boolean } | null;
  readonly uuidTakenBy: { readonly name: string; readonly active: boolean } | null;
  /** It has an inactive definition of this very domain: a migration takes that over. */
  readonly definedThere: boolean;
  /**
   * It lists the domain, which neither runs nor has a definition: what an offline Prepare leaves
   * behind when its client goes away.
   */
  readonly halfMovedThere: boolean;
  /** virConnectCompareHypervisorCPU; `unknown` where the domain names no CPU or the host cannot say. */
  readonly cpu: 'incompatible' | 'identical' | 'superset' | 'unknown';
  readonly machineTypeKnown: boolean;
  /** Networks that the domain wants and that are not active there. */
  readonly networksMissing: readonly string[];
  readonly disks: readonly DestinationDisk[];
  /** Of the disks that were asked for as staying. */
  readonly stayingDisks: readonly StayingDisk[];
}

/** All that the prechecks judge: read before anything is touched. */
export interface MigrationFacts {
  readonly atEpochMs: number;
  readonly source: HostView;
  readonly destination: HostView;
  /** `null`: the source knows no such domain. */
  readonly domain: DomainView | null;
  /** What other runs claim of the domain on the source. */
  readonly claims: readonly StandingClaim[];
  /** `null` when there is no domain to ask for. */
  readonly incoming: IncomingView | null;
  /** Seen by the source daemon: the destination's connection URI, and its advertised name. */
  readonly destinationSeenBySource: Reachability;
  readonly advertisedNameSeenBySource: Reachability;
  /** libvirt's own verdict (its Begin phase without a job); `null`: it allows the migration. */
  readonly libvirtVerdict: Failure | null;
  /** Why a disk could not be copied through this process; `null`: it could, or none is to be. */
  readonly copyVerdict: Failure | null;
}
