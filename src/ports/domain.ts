import type { StandingClaim } from './claim.ts';

/** virDomainState by name. */
export type DomainState =
  'nostate' | 'running' | 'blocked' | 'paused' | 'shutdown' | 'shutoff' | 'crashed' | 'pmsuspended';

/**
 * virDomainPausedReason, virDomainRunningReason, ... in camelCase of libvirt's names:
 * `migrated`, `migrationCanceled`, `postcopyFailed`, `startingUp`, `user`, `unpaused`, `booted`.
 */
export type DomainReason = string;

/** What the host's daemon is doing with the domain, by virDomainJobOperation. */
export interface DomainJob {
  readonly operation:
    | 'none'
    | 'start'
    | 'save'
    | 'restore'
    | 'migrationIn'
    | 'migrationOut'
    | 'snapshot'
    | 'snapshotRevert'
    | 'dump'
    | 'backup'
    | 'snapshotDelete'
    | 'unknown';
}

/** One domain on one host, as its daemon tells it now. */
export interface DomainStatus {
  readonly uuid: string;
  readonly name: string;
  readonly state: DomainState;
  readonly reason: DomainReason;
  /** It has a configuration file, so that it outlives its QEMU. */
  readonly persistent: boolean;
  /** `null` when no job runs. */
  readonly job: DomainJob | null;
}

export interface DiskView {
  /** `<target dev>`, as `vda`. */
  readonly targetDev: string;
  readonly device: 'disk' | 'cdrom' | 'floppy' | 'lun';
  /** `<disk type>`: where the data is kept. */
  readonly source: 'file' | 'block' | 'network' | 'volume' | 'dir' | 'nvme' | 'vhostuser' | 'none';
  /** Path on the host; `null` for a network source or an empty drive. */
  readonly path: string | null;
  readonly format: string;
  readonly readOnly: boolean;
  readonly shareable: boolean;
  readonly transient: boolean;
  /** `<driver cache>`; `default` when the definition names none. */
  readonly cache: string;
  readonly capacityBytes: number;
  readonly allocationBytes: number;
  /** A block job that runs on this disk now (virDomainGetBlockJobInfo). */
  readonly blockJob: string | null;
  /**
   * `<mirror>` of the live definition. Without a {@link blockJob} it is just coming or going; or it is what
   * a libvirtd that was killed as a copy ended believes for as long as this QEMU runs.
   */
  readonly mirrored: boolean;
}

/** A domain with all that a precheck wants to know of it. */
export interface DomainView extends DomainStatus {
  readonly memoryBytes: number;
  readonly arch: string;
  readonly machineType: string;
  readonly virtType: string;
  readonly emulator: string | null;
  readonly disks: readonly DiskView[];
  /** Host devices (`<hostdev>`, `<interface type='hostdev'>`), each named for a person. */
  readonly hostDevices: readonly string[];
  /** Names of libvirt networks that its interfaces use. */
  readonly networks: readonly string[];
  /** Snapshots that libvirt keeps metadata of. */
  readonly snapshotCount: number;
  /** The memory of a guest that was shut off with virDomainManagedSave waits for its next start. */
  readonly managedSave: boolean;
  /** The file with the firmware's settings; `null`: the domain has none on this host. */
  readonly nvramPath: string | null;
  /** It has a TPM that swtpm plays, whose state is kept in a directory of this host. */
  readonly emulatedTpm: boolean;
}

export interface HostView {
  readonly uri: string;
  /** What the daemon advertises (virConnectGetHostname); a migration's stream goes there. */
  readonly hostname: string;
  /** `<host><uuid>` of the capabilities. */
  readonly hostUuid: string;
  /** major * 1 000 000 + minor * 1 000 + release, as libvirt counts. */
  readonly libvirtVersion: number;
  readonly hypervisorVersion: number;
  readonly freeMemoryBytes: number;
}

/** A storage pool, as a copied disk would find it. */
export interface PoolView {
  readonly name: string;
  readonly active: boolean;
  /** The directory that it owns; `null` for a pool without one. */
  readonly targetPath: string | null;
  /** `null` while it is not active. */
  readonly availableBytes: number | null;
}

export interface ClaimedDomain {
  readonly name: string;
  readonly claims: readonly StandingClaim[];
}

/** What else matters of a host before anything is moved: for a person who asks, not for prechecks. */
export interface HostSurvey {
  /** virConnectGetType: `QEMU`, `TEST`. */
  readonly driver: string;
  readonly pools: readonly PoolView[];
  /** Why QEMU's own events cannot be had; `null`: they can. */
  readonly qemuEventsRefused: string | null;
  /** Its domains that a run has claimed. */
  readonly claimedDomains: readonly ClaimedDomain[];
}
