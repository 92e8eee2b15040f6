import { createHash } from 'node:crypto';
import { dirname } from 'node:path/posix';
import type { Clock } from '../../ports/clock.ts';
import type { DomainReason, DomainState } from '../../ports/domain.ts';
import type { DomainObservation } from '../../ports/observation.ts';
import type { LayerFile } from './disk-chain.ts';
import type { DomainWork } from './domain-work.ts';
import { Link } from './link.ts';
import type { Handover, LostGuest } from './lost-guest.ts';
import { Qemu } from './qemu.ts';
import type { MigrationJob } from './migration-job.ts';
import type { SnapshotBook } from './snapshot-book.ts';
import { newSnapshotBook } from './snapshot-book.ts';
import type { VcpuSpan } from './ticks.ts';
import type { VolumeFile } from './volume-file.ts';
import { filledFile, grownTo } from './volume-file.ts';
import type {
  DirectorySpec,
  DiskSpec,
  DomainSpec,
  HostSpec,
  LinkSpec,
  VolumeSpec,
} from './world-spec.ts';

/** A domain's configuration: what its XML says. */
export type Definition = Required<
  Pick<
    DomainSpec,
    | 'memoryBytes'
    | 'dirtyBytesPerS'
    | 'machineType'
    | 'hostDevices'
    | 'devices'
    | 'networks'
    | 'agent'
    | 'snapshotCount'
    | 'claims'
  >
> & { readonly disks: readonly Required<DiskSpec>[] };

/** A domain as one daemon knows it. */
export interface Domain {
  readonly uuid: string;
  readonly name: string;
  /** What runs, and what the configuration file says, but for {@link configuredDisks}. */
  definition: Definition;
  /** Disks that are another file in the configuration than in what runs, by target device. */
  configuredDisks: ReadonlyMap<string, LayerFile>;
  /** It has a configuration file. */
  persistent: boolean;
  /** What the daemon believes; while it is down QEMU may have gone on. */
  state: DomainState;
  reason: DomainReason;
  /** `null`: not running. Outlives its daemon. */
  qemu: Qemu | null;
  job: MigrationJob | null;
  /** Any other long job. */
  work: DomainWork | null;
  readonly snapshots: SnapshotBook;
  /** What its daemon has not on record just now. */
  handover?: Handover | null;
  /** What its QEMU writes to, where the daemon believes something else. */
  written?: { readonly qemu: Qemu; readonly disks: Definition['disks'] };
}

export interface Pool {
  readonly name: string;
  readonly targetPath: string;
  readonly capacityBytes: number;
}

export interface Host {
  readonly name: string;
  readonly hostname: string;
  readonly hostUuid: string;
  readonly libvirtVersion: number;
  readonly hypervisorVersion: number;
  readonly memoryBytes: number;
  readonly machineTypes: readonly string[];
  readonly pools: readonly Pool[];
  /** Directories that no pool owns. */
  readonly directories: readonly DirectorySpec[];
  /** How fast its qemu-img writes. */
  readonly imageBytesPerS: number;
  readonly networks: readonly string[];
  /** The name in its certificate; `null`: QEMU has none for migrations there. */
  readonly certificateName: string | null;
  /** How many TCP ports its range for migrations has; others may hold some. */
  migrationPorts: number;
  /** Somebody else has taken all that was free on its file systems. */
  disksAreFull: boolean;
  /** A new life begins with each start; what a former one was doing is gone. */
  readonly daemon: { up: boolean; life: number };
  /** By uuid. */
  readonly domains: Map<string, Domain>;
  /** Files of this host alone, by path. */
  readonly files: Map<string, VolumeFile>;
}

/** What a daemon tells those who watch one of its domains. */
export type Observation = DomainObservation extends infer Each
  ? Each extends DomainObservation
    ? Omit<Each, 'atEpochMs'>
    : never
  : never;

export type Observer = (observation: Observation) => void;

/** Thrown inside a process of the world whose carrier died; it ends without cleaning up. */
export class CarrierDied extends Error {
  override readonly name = 'CarrierDied';
}

export interface Wait {
  /** Ends the wait when it becomes true. */
  readonly until: () => boolean;
  readonly atMostMs?: number;
  /** @throws CarrierDied as soon as it is false. */
  readonly whileAlive: () => boolean;
}

/** All that there is, and the one way to wait for a change of it. */
export class World {
  readonly clock: Clock;
  readonly link: Link;
  readonly hosts = new Map<string, Host>();
  readonly lostGuests: LostGuest[] = [];
  /** Guests that were ended by nobody's order, by uuid. */
  readonly fated = new Set<string>();
  /** Where and when each guest's vCPUs ran, by domain uuid, in the order of the starts. */
  readonly spans = new Map<string, readonly VcpuSpan[]>();
  /** Files that every host sees, by path, and where such files are made. */
  readonly sharedFiles = new Map<string, VolumeFile>();
  readonly sharedDirectories = new Set<string>();
  readonly #seed: number;
  readonly #waiters = new Set<() => void>();
  readonly #observers = new Map<string, Set<Observer>>();
  #uuidCount = 0;

  constructor(options: { readonly clock: Clock; readonly seed: number; readonly link: LinkSpec }) {
    this.clock = options.clock;
    this.#seed = options.seed;
    this.link = new Link(options.link.bandwidthBytesPerS, () => this.changed());
  }

  /** To be called after every change that somebody may wait for. */
  changed(): void {
    for (const check of this.#waiters) check();
  }

  async wait(wait: Wait): Promise<'met' | 'elapsed'> {
    const { promise, resolve, reject } = Promise.withResolvers<'met' | 'elapsed'>();
    const check = (): void => {
      if (!wait.whileAlive()) reject(new CarrierDied());
      else if (wait.until()) resolve('met');
    };
    this.#waiters.add(check);
    const cancel =
      wait.atMostMs === undefined
        ? undefined
        : this.clock.schedule(this.clock.nowEpochMs() + wait.atMostMs, () => resolve('elapsed'));
    check();
    try {
      return await promise;
    } finally {
      this.#waiters.delete(check);
      cancel?.();
    }
  }

  /** Lets time pass. */
  async pass(delayMs: number, whileAlive: () => boolean): Promise<void> {
    await this.wait({ until: () => false, atMostMs: delayMs, whileAlive });
  }

  /** A daemon that is down tells nothing. */
  tell(host: Host, uuid: string, observation: Observation): void {
    if (!host.daemon.up) return;
    for (const observe of this.#observers.get(`${host.name}/${uuid}`) ?? []) observe(observation);
  }

  /** @returns what ends the subscription */
  observe(host: Host, uuid: string, observer: Observer): () => void {
    const key = `${host.name}/${uuid}`;
    const observers = this.#observers.get(key) ?? new Set();
    this.#observers.set(key, observers.add(observer));
    return () => observers.delete(observer);
  }

  /** The same seed gives the same uuids in the same order. */
  nextUuid(): string {
    this.#uuidCount += 1;
    const hex = createHash('sha256').update(`${this.#seed}/${this.#uuidCount}`).digest('hex');
    const parts = [hex.slice(0, 8), hex.slice(8, 12), `4${hex.slice(13, 16)}`];
    return [...parts, `8${hex.slice(17, 20)}`, hex.slice(20, 32)].join('-');
  }

  addHost(spec: HostSpec): void {
    const { name, pools = [], volumes: others = [], ...rest } = spec;
    const volumes = [...others, ...pools.flatMap((pool) => pool.volumes ?? [])];
    this.hosts.set(name, {
      name,
      hostname: name,
      hostUuid: spec.hostUuid ?? this.nextUuid(),
      libvirtVersion: 9_000_000,
      hypervisorVersion: 7_002_000,
      memoryBytes: 16 * 2 ** 30,
      machineTypes: ['pc-q35-7.2'],
      directories: [],
      imageBytesPerS: 2 ** 28,
      networks: [],
      certificateName: null,
      migrationPorts: 64,
      disksAreFull: false,
      ...rest,
      pools,
      daemon: { up: true, life: 0 },
      domains: new Map(),
      files: new Map(volumes.map((volume) => [volume.path, fileOf(name, volume)])),
    });
  }

  addDomain(spec: DomainSpec): void {
    const host = this.host(spec.host);
    const { name, uuid = this.nextUuid(), state = 'running' } = spec;
    const definition: Definition = {
      memoryBytes: spec.memoryBytes ?? 256 * 2 ** 20,
      dirtyBytesPerS: spec.dirtyBytesPerS ?? 2 ** 20,
      machineType: spec.machineType ?? 'pc-q35-7.2',
      hostDevices: spec.hostDevices ?? [],
      devices: spec.devices ?? [],
      networks: spec.networks ?? [],
      agent: spec.agent ?? 'well',
      snapshotCount: spec.snapshotCount ?? 0,
      claims: spec.claims ?? [],
      disks: (spec.disks ?? []).map((disk) => ({
        format: 'raw',
        cache: 'default',
        readOnly: false,
        filledBytes: 0,
        writtenBytesPerS: 0,
        ...disk,
      })),
    };
    for (const disk of definition.disks) this.#provideDisk(host, disk);
    const qemu = state === 'shutoff' ? null : new Qemu(this, host, uuid, { images: 'held' });
    if (state === 'running') qemu?.run();
    const reason = { running: 'booted', paused: 'user', shutoff: 'unknown' }[state];
    const persistent = spec.persistent ?? true;
    const rest = {
      configuredDisks: new Map(),
      job: null,
      work: null,
      snapshots: newSnapshotBook(),
    };
    host.domains.set(uuid, { uuid, name, definition, persistent, state, reason, qemu, ...rest });
  }

  /** A volume that stands there already is the disk. */
  #provideDisk(host: Host, { storage, ...disk }: DiskSpec): void {
    const isPrivate = storage === 'private';
    if (!isPrivate) this.sharedDirectories.add(dirname(disk.path));
    const files = isPrivate ? host.files : this.sharedFiles;
    if (!files.has(disk.path)) files.set(disk.path, fileOf(isPrivate ? host.name : 'shared', disk));
  }

  /** @throws Error for a name that is no host of the world */
  host(name: string): Host {
    const host = this.hosts.get(name);
    if (host === undefined) throw new Error(`the simulated world has no host ${name}`);
    return host;
  }
}

/** What stands there before anything happens: bytes that only this file of this host has. */
function fileOf(host: string, volume: VolumeSpec & Pick<DiskSpec, 'filledBytes'>): VolumeFile {
  const { path, filledBytes = 0, format = 'raw', ...rest } = volume;
  const head = { backingPath: null, backingFormat: null, ...rest, format };
  const file = filledFile(`${host}${path}`, head);
  return format === 'raw' || filledBytes === 0 ? file : grownTo(file, filledBytes);
}

/** The pool of the host that owns the path. */
export function poolOf(host: Host, path: string): Pool | undefined {
  return host.pools.find((pool) => pool.targetPath === dirname(path));
}

/** What is left of the pool when every volume is full. */
export function availableBytes(host: Host, pool: Pool): number {
  if (host.disksAreFull) return 0;
  const volumes = [...host.files].filter(([path]) => poolOf(host, path) === pool);
  return volumes.reduce((left, [, { capacityBytes }]) => left - capacityBytes, pool.capacityBytes);
}

/** True as long as the daemon lives the life in which this was asked. */
export function lifeOf({ daemon }: Host): () => boolean {
  const { life, up } = daemon;
  return () => up && daemon.up && daemon.life === life;
}
