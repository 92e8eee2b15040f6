import type { DomainView } from '../../src/ports/domain.ts';
import type {
  DestinationDisk,
  IncomingView,
  MigrationFacts,
  MigrationOptions,
} from '../../src/ports/migration.ts';
import { disksToCopy } from './migration-plan.ts';

/** What one check looks at. `domain` and `incoming` stand: `domainExists` comes before the rest. */
interface Subject {
  readonly facts: MigrationFacts;
  readonly options: MigrationOptions;
  readonly domain: DomainView;
  readonly incoming: IncomingView;
}

/** `null`: nothing speaks against it; else what is wrong and what to do. */
type Check = (subject: Subject) => string | null;

const unless = (ok: boolean, message: () => string): string | null => (ok ? null : message());
const mib = (bytes: number): string => `${Math.ceil(bytes / 2 ** 20)} MiB`;
const first = <T>(items: readonly T[], wrong: (item: T) => string | null): string | null =>
  items.map(wrong).find((message) => message !== null) ?? null;

/** Options that an older libvirt refuses in the middle of the call ("Since" in libvirt-domain.h). */
const newerOptions: readonly {
  readonly option: string;
  readonly isWanted: (options: MigrationOptions) => boolean;
  readonly since: number;
}[] = [
  {
    option: '--parallel',
    isWanted: ({ parallelConnections }) => parallelConnections > 1,
    since: 5_002_000,
  },
  {
    option: '--compression zlib or zstd',
    isWanted: ({ compression }) => compression.some((name) => name === 'zlib' || name === 'zstd'),
    since: 9_004_000,
  },
];

/**
 * Everything that libvirt would refuse late, or with a generic code, or not at all. Order is that
 * of the report: the domain, the hosts, the destination, its storage, and libvirt's own verdict.
 */
const checks = {
  active: ({ domain }) =>
    unless(
      ['running', 'blocked', 'paused'].includes(domain.state),
      () =>
        `${domain.name} is ${domain.state}: only an active domain can be migrated live; start it`,
    ),
  noOtherJob: ({ domain }) =>
    unless(
      domain.job === null,
      () => `${domain.name} has a job in progress (${domain.job?.operation}): wait for its end`,
    ),
  noBlockJob: ({ domain }) =>
    first(domain.disks, (disk) =>
      unless(
        disk.blockJob === null,
        () => `disk ${disk.targetDev} has a block job (${disk.blockJob}): end it first`,
      ),
    ),
  noSnapshots: ({ domain }) =>
    unless(
      domain.snapshotCount === 0,
      () =>
        `${domain.name} has ${domain.snapshotCount} snapshot(s) that libvirt knows: it refuses to migrate them; delete their metadata first`,
    ),
  noHostDevices: ({ domain }) =>
    unless(
      domain.hostDevices.length === 0,
      () => `host devices cannot follow: detach ${domain.hostDevices.join(', ')} first`,
    ),
  otherHost: ({ facts }) =>
    unless(
      facts.source.hostUuid !== facts.destination.hostUuid,
      () => `source and destination are the same host (${facts.source.hostname})`,
    ),
  optionsSupported: ({ facts, options }) => {
    const libvirt = Math.min(facts.source.libvirtVersion, facts.destination.libvirtVersion);
    return first(newerOptions, ({ option, isWanted, since }) =>
      unless(
        !isWanted(options) || libvirt >= since,
        () =>
          `${option} needs libvirt ${version(since)} on both hosts, the older one has ${version(libvirt)}: leave it out`,
      ),
    );
  },
  disksKnown: ({ domain, options }) =>
    first(options.copyDisks, (name) =>
      unless(
        domain.disks.some((disk) => disk.targetDev === name),
        () =>
          `no disk ${name}; ${domain.name} has ${domain.disks.map((disk) => disk.targetDev).join(', ')}`,
      ),
    ),
  destinationReachable: ({ facts, options }) =>
    unless(
      facts.destinationSeenBySource.reachable,
      () =>
        `the source daemon cannot open ${options.destinationConnectUri}: ${reason(facts.destinationSeenBySource)}; give the URI that works from there with --dconnuri`,
    ),
  advertisedNameResolves: ({ facts, options }) =>
    unless(
      options.migrationUri !== null || facts.advertisedNameSeenBySource.reachable,
      () =>
        `the destination advertises itself as ${facts.destination.hostname}, which does not lead the source there: ${reason(facts.advertisedNameSeenBySource)}; mend the name resolution or give --migrate-uri tcp://ADDRESS`,
    ),
  nameFree: ({ incoming, domain }) =>
    unless(
      incoming.nameTakenBy === null ||
        (incoming.nameTakenBy.uuid === domain.uuid && !incoming.nameTakenBy.active),
      () =>
        `the destination has a domain of that name (${incoming.nameTakenBy?.uuid}): give --dname`,
    ),
  uuidFree: ({ incoming, domain, options }) =>
    unless(
      incoming.uuidTakenBy === null ||
        (!incoming.uuidTakenBy.active &&
          incoming.uuidTakenBy.name === (options.destinationName ?? domain.name)),
      () =>
        `the destination has a domain with the uuid ${domain.uuid}, named ${incoming.uuidTakenBy?.name}`,
    ),
  cpuCompatible: ({ incoming }) =>
    unless(
      incoming.cpu !== 'incompatible',
      () => "the destination's CPU lacks what the guest's CPU definition asks for",
    ),
  machineTypeKnown: ({ incoming, domain, facts }) =>
    unless(
      incoming.machineTypeKnown,
      () =>
        `the destination's QEMU (${version(facts.destination.hypervisorVersion)}) does not know the machine type ${domain.machineType}`,
    ),
  enoughMemory: ({ facts, domain }) =>
    unless(
      facts.destination.freeMemoryBytes >= domain.memoryBytes,
      () =>
        `the destination has ${mib(facts.destination.freeMemoryBytes)} of free memory, the guest has ${mib(domain.memoryBytes)}`,
    ),
  networksPresent: ({ incoming }) =>
    unless(
      incoming.networksMissing.length === 0,
      () => `networks not active on the destination: ${incoming.networksMissing.join(', ')}`,
    ),
  destinationPools: ({ incoming }) =>
    first(incoming.disks, (disk) =>
      unless(
        disk.pool !== null || disk.existing !== null,
        () =>
          `no active storage pool of the destination owns ${disk.path}: define and start one, or create the disk`,
      ),
    ),
  destinationSpace: (subject) =>
    first(subject.incoming.disks, (disk) =>
      unless(
        disk.existing !== null ||
          disk.poolAvailableBytes === null ||
          disk.poolAvailableBytes >= spaceWanted(subject, disk),
        () =>
          `pool ${disk.pool} has ${mib(disk.poolAvailableBytes ?? 0)} left, the copied disks need ${mib(spaceWanted(subject, disk))}${subject.options.spaceWanted === 'virtualSize' ? ' when they are full (--disk-over-commit counts what they hold now)' : ''}`,
      ),
    ),
  destinationDisksFree: ({ incoming }) =>
    first(incoming.disks, (disk) =>
      unless(
        disk.usedBy === null,
        () => `${disk.path} of the destination belongs to its domain ${disk.usedBy}`,
      ),
    ),
  destinationDisksFit: ({ incoming }) =>
    first(incoming.disks, (disk) =>
      unless(
        disk.existing === null || disk.existing.capacityBytes >= disk.capacityBytes,
        () => `${disk.path} of the destination is smaller than the disk that is copied to it`,
      ),
    ),
  destinationBases: ({ incoming, options }) =>
    options.copyStorage !== 'inc'
      ? null
      : first(incoming.disks, (disk) =>
          unless(
            disk.existing !== null,
            () => `an incremental copy needs ${disk.path} on the destination, with the same base`,
          ),
        ),
  disksSafe: ({ facts, domain, options }) =>
    unless(
      facts.libvirtVerdict?.libvirt?.code !== migrateUnsafe,
      () =>
        `${unsafeDisks(domain, options)}: libvirt cannot prove that both hosts see the same data; copy the storage, or say --unsafe if it is shared and coherent`,
    ),
  libvirtAllows: ({ facts }) =>
    facts.libvirtVerdict === null || facts.libvirtVerdict.libvirt?.code === migrateUnsafe
      ? null
      : `libvirt refuses: ${facts.libvirtVerdict.message}`,
} satisfies Record<string, Check>;

/** VIR_ERR_MIGRATE_UNSAFE */
const migrateUnsafe = 81;

export type MigrationCheckName = 'domainExists' | keyof typeof checks;

const isCheck = (name: string): name is keyof typeof checks => name in checks;
const checkNames = Object.keys(checks).filter(isCheck);
export const migrationCheckNames: readonly MigrationCheckName[] = ['domainExists', ...checkNames];

export interface CheckVerdict {
  readonly check: MigrationCheckName;
  /** `null`: passed. */
  readonly objection: string | null;
}

/** Judges everything; where there is no domain, that is the only verdict. */
export function judgeMigration(
  facts: MigrationFacts,
  request: { readonly domain: string; readonly options: MigrationOptions },
): readonly CheckVerdict[] {
  const { domain, incoming } = facts;
  if (domain === null || incoming === null) {
    const objection = `${facts.source.hostname} has no domain ${request.domain}`;
    return [{ check: 'domainExists', objection }];
  }
  const subject = { facts, options: request.options, domain, incoming };
  return [
    { check: 'domainExists', objection: null },
    ...checkNames.map((check) => ({ check, objection: checks[check](subject) })),
  ];
}

function reason(seen: MigrationFacts['destinationSeenBySource']): string {
  return seen.reachable ? 'reachable' : seen.message;
}

function version(number: number): string {
  return `${Math.floor(number / 1e6)}.${Math.floor(number / 1e3) % 1000}.${number % 1000}`;
}

/** All new disks that go to the same pool share its space. */
function spaceWanted({ incoming, domain, options }: Subject, one: DestinationDisk): number {
  const sizeOf = ({ targetDev, capacityBytes }: DestinationDisk): number =>
    options.spaceWanted === 'virtualSize'
      ? capacityBytes
      : (domain.disks.find((disk) => disk.targetDev === targetDev)?.allocationBytes ?? 0);
  return incoming.disks
    .filter((disk) => disk.pool === one.pool && disk.existing === null)
    .reduce((sum, disk) => sum + sizeOf(disk), 0);
}

function unsafeDisks(domain: DomainView, options: MigrationOptions): string {
  const copied = disksToCopy(domain, options);
  const left = domain.disks.filter(
    (disk) => !disk.readOnly && disk.source !== 'network' && !copied.includes(disk.targetDev),
  );
  return left
    .map((disk) => `disk ${disk.targetDev} (${disk.path}, cache ${disk.cache})`)
    .join(', ');
}
