import type { DomainView, HostView } from './domain.ts';
import type { Failure } from './failure.ts';

/** What libvirt is asked for; the same words as its flags and typed parameters. */
export interface MigrationOptions {
  /** `all`: NON_SHARED_DISK, `inc`: NON_SHARED_INC (the destination's base images are in place). */
  readonly copyStorage: 'none' | 'all' | 'inc';
  /** `<target dev>` of the disks to copy; empty: all writable ones. */
  readonly copyDisks: readonly string[];
  /** How much room a copied disk must find: all that it may grow to, or what it holds now. */
  readonly spaceWanted: 'virtualSize' | 'allocation';
  /** MiB/s; 0: unlimited. */
  readonly bandwidthMibPerS: number;
  /** `null`: QEMU's default of 300 ms. */
  readonly maxDowntimeMs: number | null;
  readonly autoConverge: boolean;
  /** 1: a single stream, without the flag PARALLEL. */
  readonly parallelConnections: number;
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
  /** How the *source daemon* reaches the destination daemon. */
  readonly destinationConnectUri: string;
  /** Where the memory stream goes; `null`: the destination's advertised name. */
  readonly migrationUri: string | null;
}

/** One call of virDomainMigrateToURI3 (RPC 305 to the source daemon). */
export interface MigrateCall {
  readonly domainUuid: string;
  readonly options: MigrationOptions;
  /** Was the domain persistent on the source? Decides PERSIST_DEST and UNDEFINE_SOURCE. */
  readonly persistent: boolean;
  /** `<target dev>` of each disk to copy, never empty when storage is copied (see MigrationPlan). */
  readonly copyDisks: readonly string[];
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

export type Reachability =
  { readonly reachable: true } | { readonly reachable: false; readonly message: string };

/** What the destination says of a domain that wants to come. */
export interface IncomingView {
  /** A domain of that name, or of that uuid, which the migration would collide with. */
  readonly nameTakenBy: { readonly uuid: string; readonly active: boolean } | null;
  readonly uuidTakenBy: { readonly name: string; readonly active: boolean } | null;
  /** It has an inactive definition of this very domain: a migration takes that over. */
  readonly definedThere: boolean;
  /** virConnectCompareHypervisorCPU; `unknown` where the domain names no CPU or the host cannot say. */
  readonly cpu: 'incompatible' | 'identical' | 'superset' | 'unknown';
  readonly machineTypeKnown: boolean;
  /** Networks that the domain wants and that are not active there. */
  readonly networksMissing: readonly string[];
  readonly disks: readonly DestinationDisk[];
}

/** All that the prechecks judge: read before anything is touched. */
export interface MigrationFacts {
  readonly atEpochMs: number;
  readonly source: HostView;
  readonly destination: HostView;
  /** `null`: the source knows no such domain. */
  readonly domain: DomainView | null;
  /** `null` when there is no domain to ask for. */
  readonly incoming: IncomingView | null;
  /** Seen by the source daemon: the destination's connection URI, and its advertised name. */
  readonly destinationSeenBySource: Reachability;
  readonly advertisedNameSeenBySource: Reachability;
  /** libvirt's own verdict (its Begin phase without a job); `null`: it allows the migration. */
  readonly libvirtVerdict: Failure | null;
}
