import type { StandingClaim } from '../../ports/claim.ts';
import type { DeviceView } from '../../ports/devices.ts';

/** A simulated world before it starts, as data. Sizes in bytes. */

export interface PoolSpec {
  readonly name: string;
  /** The directory that the pool owns. */
  readonly targetPath: string;
  readonly capacityBytes: number;
  /** Volumes that stand there before anything happens. */
  readonly volumes?: readonly VolumeSpec[];
}

export interface VolumeSpec {
  readonly path: string;
  readonly capacityBytes: number;
  readonly format?: string;
  readonly backingPath?: string;
  readonly backingFormat?: string;
}

/** A directory of a host, on a file system of its own. */
export interface DirectorySpec {
  readonly path: string;
  readonly capacityBytes: number;
}

export interface HostSpec {
  /** Stands in its connection URI: `simulated:///NAME`. */
  readonly name: string;
  /** What its daemon advertises; a name that is no host of the world does not resolve. */
  readonly hostname?: string;
  readonly hostUuid?: string;
  readonly libvirtVersion?: number;
  readonly hypervisorVersion?: number;
  readonly memoryBytes?: number;
  readonly machineTypes?: readonly string[];
  readonly pools?: readonly PoolSpec[];
  /** Directories that no pool owns, where images may be put. */
  readonly directories?: readonly DirectorySpec[];
  /** Files, block devices and NBD exports that stand outside of pools before anything happens. */
  readonly volumes?: readonly VolumeSpec[];
  /** How fast its qemu-img writes; 256 MiB/s without a word. */
  readonly imageBytesPerS?: number;
  readonly networks?: readonly string[];
  /** The name in the certificate that QEMU has for migrations; without one: no TLS. */
  readonly certificateName?: string;
  /** TCP ports for memory and copied disks that nobody else holds; 64 without a word. */
  readonly migrationPorts?: number;
}

export interface DiskSpec {
  readonly targetDev: string;
  readonly path: string;
  readonly capacityBytes: number;
  /** `shared`: every host sees the same file under that path. */
  readonly storage: 'shared' | 'private';
  readonly format?: string;
  readonly cache?: string;
  readonly readOnly?: boolean;
  /** How much its file holds, where it is not raw; next to nothing without a word. */
  readonly filledBytes?: number;
  /** How fast the running guest writes over what it wrote to it before; 0 without a word. */
  readonly writtenBytesPerS?: number;
}

/** A device that may be taken out of its running guest and put back. */
export interface DeviceSpec {
  readonly alias: string;
  readonly element: string;
  readonly passthrough?: DeviceView['passthrough'];
  /** The guest's system lets go of it; without a word, QEMU takes it at once. */
  readonly needsGuest?: boolean;
  /** What comes of asking for it: without a word, it goes. */
  readonly removal?: 'refused' | 'neverAnswered';
  /** Nothing attaches it again. */
  readonly lost?: boolean;
}

/** A freeze is made so much later, a thaw answered so much later; meanwhile the agent is deaf. */
export interface AgentHang {
  readonly hangsAt: 'freeze' | 'thaw';
  readonly forMs: number;
}

/**
 * The agent in a guest. `silent`: its channel is open and it says nothing; what it was asked for
 * first it does as soon as it is well again. `none`: the domain has no channel for one.
 */
export type AgentSpec = 'well' | 'none' | 'disconnected' | 'silent' | AgentHang;

export interface DomainSpec {
  readonly name: string;
  /** The host that has it at the start. */
  readonly host: string;
  readonly uuid?: string;
  readonly state?: 'running' | 'paused' | 'shutoff';
  readonly persistent?: boolean;
  readonly memoryBytes?: number;
  /** How fast the running guest writes memory. */
  readonly dirtyBytesPerS?: number;
  readonly machineType?: string;
  readonly disks?: readonly DiskSpec[];
  readonly hostDevices?: readonly string[];
  readonly devices?: readonly DeviceSpec[];
  readonly networks?: readonly string[];
  /** Well, without a word. */
  readonly agent?: AgentSpec;
  readonly snapshotCount?: number;
  /** What runs have claimed it before anything happens. */
  readonly claims?: readonly StandingClaim[];
}

/** The cable between any two hosts. */
export interface LinkSpec {
  readonly bandwidthBytesPerS: number;
}
