import type { DomainView } from '../../../src/ports/domain.ts';
import type { MigrationFacts, MigrationOptions } from '../../../src/ports/migration.ts';
import type { Check } from '../check.ts';
import { claimObjection } from '../claims.ts';
import { blockJobObjection } from '../block-job-check.ts';
import { first, mib, unless } from '../check.ts';
import { copiedDiskChecks } from './copied-disk-checks.ts';
import { diskChecks } from './disk-checks.ts';
import type { LiveMigrationInput } from './request.ts';
import { disksToCopy } from './plan.ts';
import { conflictOf } from './option-conflicts.ts';

/** Options that an older libvirt refuses in the middle of the call ("Since" in libvirt-domain.h). */
const newerOptions: readonly {
  readonly option: string;
  readonly isWanted: (options: MigrationOptions) => boolean;
  readonly since: number;
}[] = [
  {
    option: '`parallelConnections`',
    isWanted: ({ parallelConnections }) => parallelConnections > 1,
    since: 5_002_000,
  },
  {
    option: '`compression: zlib or zstd`',
    isWanted: ({ compression }) => compression.some((name) => name === 'zlib' || name === 'zstd'),
    since: 9_004_000,
  },
];

/**
 * Everything that libvirt would refuse late, or with a generic code, or not at all. Order is that
 * of the report: the domain, the hosts, the destination, its storage, and libvirt's own verdict.
 */
const checks = {
  optionsCombine: ({ request }) => conflictOf(request),
  unclaimed: ({ domain, facts, request }) =>
    claimObjection(
      domain.name,
      facts.claims.filter(({ run }) => !request.breakClaims.includes(run)),
      facts.atEpochMs,
    ),
  active: ({ domain, request }) =>
    unless(
      request.offline || ['running', 'blocked', 'paused'].includes(domain.state),
      () =>
        `${domain.name} is ${domain.state}: only an active domain can be migrated live; start it, or move it with \`offline\``,
    ),
  shutOff: ({ domain, request }) =>
    unless(
      !request.offline || domain.state === 'shutoff',
      () =>
        `${domain.name} is ${domain.state}: only a domain that is shut off can be moved with \`offline\`; shut it down, or leave the option out`,
    ),
  persistentOffline: ({ domain, request }) =>
    unless(
      !request.offline || domain.persistent,
      () => `${domain.name} has no definition that could be moved with \`offline\``,
    ),
  /** Afterwards nobody could tell an old definition from one that came over. */
  offlineNotDefined: ({ incoming, domain, request }) =>
    unless(
      !request.offline || !incoming.definedThere,
      () =>
        `the destination has a definition of ${domain.name} already: undefine it there before it is moved with \`offline\``,
    ),
  noManagedSave: ({ domain, request }) =>
    unless(
      !request.offline || !domain.managedSave,
      () =>
        `${domain.name} was shut off with its memory saved, and libvirt would leave that on the source: start it and migrate it live, or give its memory up with virsh managedsave-remove`,
    ),
  /** libvirt moves the definition alone; the destination would make new NVRAM from its template. */
  nvramFollows: ({ domain, request, options }) =>
    unless(
      !request.offline || domain.nvramPath === null || options.unsafe,
      () =>
        `the firmware's settings in ${domain.nvramPath} would stay on the source: copy that file to the destination, then say \`unsafe\``,
    ),
  /** As with NVRAM: the destination would make a new, empty one. */
  tpmFollows: ({ domain, request, options }) =>
    unless(
      !request.offline || !domain.emulatedTpm || options.unsafe,
      () =>
        `the state of the TPM of ${domain.name} would stay on the source, and what is sealed with it could not be opened: copy the directory of that state (swtpm/${domain.uuid}) to the destination, then say \`unsafe\``,
    ),
  postcopyWhilePaused: ({ domain, options }) =>
    unless(
      !options.postcopy || domain.state !== 'paused',
      () =>
        `${domain.name} is paused: libvirt has no post-copy for a guest that does not run; leave \`postcopy\` out`,
    ),
  noOtherJob: ({ domain }) =>
    unless(
      domain.job === null,
      () => `${domain.name} has a job in progress (${domain.job?.operation}): wait for its end`,
    ),
  noBlockJob: ({ domain }) => first(domain.disks, blockJobObjection),
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
        `the source daemon cannot open ${options.destinationConnectUri}: ${reason(facts.destinationSeenBySource)}; give the URI that works from there with \`destinationConnectUri\``,
    ),
  advertisedNameResolves: ({ facts, options }) =>
    unless(
      options.migrationUri !== null || facts.advertisedNameSeenBySource.reachable,
      () =>
        `the destination advertises itself as ${facts.destination.hostname}, which does not lead the source there: ${reason(facts.advertisedNameSeenBySource)}; mend the name resolution or give \`migrationUri: tcp://ADDRESS\``,
    ),
  nameFree: ({ incoming, domain }) =>
    unless(
      incoming.nameTakenBy === null ||
        (incoming.nameTakenBy.uuid === domain.uuid && !incoming.nameTakenBy.active),
      () =>
        `the destination has a domain of that name (${incoming.nameTakenBy?.uuid}): give \`destinationName\``,
    ),
  uuidFree: ({ incoming, domain, options }) =>
    unless(
      incoming.uuidTakenBy === null ||
        (!incoming.uuidTakenBy.active &&
          incoming.uuidTakenBy.name === (options.destinationName ?? domain.name)),
      () =>
        `the destination has a domain with the uuid ${domain.uuid}, named ${incoming.uuidTakenBy?.name}`,
    ),
  nothingHalfMoved: ({ incoming, domain }) =>
    unless(
      !incoming.halfMovedThere,
      () =>
        `the destination lists ${domain.name}, which neither runs nor is defined there: a move that was given up left it; restart that daemon, which forgets it`,
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
  enoughMemory: ({ facts, domain, request }) =>
    unless(
      request.offline || facts.destination.freeMemoryBytes >= domain.memoryBytes,
      () =>
        `the destination has ${mib(facts.destination.freeMemoryBytes)} of free memory, the guest has ${mib(domain.memoryBytes)}`,
    ),
  networksPresent: ({ incoming }) =>
    unless(
      incoming.networksMissing.length === 0,
      () => `networks not active on the destination: ${incoming.networksMissing.join(', ')}`,
    ),
  ...diskChecks,
  ...copiedDiskChecks,
  disksSafe: ({ facts, domain, options }) =>
    unless(
      facts.libvirtVerdict?.libvirt?.code !== migrateUnsafe,
      () =>
        `${unsafeDisks(domain, options)}: libvirt cannot prove that both hosts see the same data; copy the storage, or say \`unsafe\` if it is shared and coherent`,
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
  request: LiveMigrationInput,
): readonly CheckVerdict[] {
  const isThere = facts.domain !== null && facts.incoming !== null;
  const names = isThere ? migrationCheckNames : (['domainExists'] as const);
  return names.map((check) => ({ check, objection: objectionOf(check, facts, request) }));
}

/** What one check has against it; where there is no domain, only `domainExists` has. */
export function objectionOf(
  check: MigrationCheckName,
  facts: MigrationFacts,
  request: LiveMigrationInput,
): string | null {
  const { domain, incoming } = facts;
  const isThere = domain !== null && incoming !== null;
  if (check === 'domainExists')
    return isThere ? null : `${facts.source.hostname} has no domain ${request.domain}`;
  if (!isThere) return null;
  return checks[check]({ facts, request, options: request.options, domain, incoming });
}

function reason(seen: MigrationFacts['destinationSeenBySource']): string {
  return seen.reachable ? 'reachable' : seen.message;
}

function version(number: number): string {
  return `${Math.floor(number / 1e6)}.${Math.floor(number / 1e3) % 1000}.${number % 1000}`;
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
