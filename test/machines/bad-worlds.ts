import type { MigrationCheckName } from '../../machines/policy/migration/checks.ts';
import type { LiveMigrationInput } from '../../machines/index.ts';
import type { MigrationFacts, MigrationOptions } from '../../src/ports/migration.ts';
import { plainOptions } from '../support/migration-options.ts';
import { factsWith, goodFacts, guestView, newDisk } from './facts.ts';
import { unfitWorlds } from './unfit-worlds.ts';

const mib = 2 ** 20;
const unsafeVerdict = {
  code: 'libvirt.81',
  message: 'Unsafe migration: Migration without shared storage is unsafe',
  effect: 'none',
  libvirt: { code: 81, domain: 10 },
} as const;

/** What the worlds below are asked for, unless they say otherwise. */
export const copying: MigrationOptions = { ...plainOptions, copyStorage: 'all', unsafe: false };

export interface BadWorld {
  readonly check: MigrationCheckName;
  /** Of the refusal; the check's name where it says none. */
  readonly code?: string;
  readonly what: string;
  readonly facts: MigrationFacts;
  readonly options?: Partial<MigrationOptions>;
  readonly request?: Partial<Omit<LiveMigrationInput, 'options'>>;
  /** Words that a person needs: what is wrong, and what to do. */
  readonly says: readonly string[];
}

/** Worlds with one thing wrong, each with the check that objects. */
export const badWorlds: readonly BadWorld[] = [
  ...unfitWorlds,
  {
    check: 'domainExists',
    what: 'the source has no such domain',
    facts: { ...goodFacts, domain: null, incoming: null },
    says: ['hostA', 'no domain guest'],
  },
  {
    check: 'unclaimed',
    code: 'claimed',
    what: 'runs of other engines have claimed the domain',
    facts: {
      ...goodFacts,
      atEpochMs: 7_200_500,
      claims: [
        { run: 'run-7', details: { engine: 'hostC:77', sinceEpochMs: 500 } },
        { run: 'run-8', details: null },
      ],
    },
    says: ['run run-7 of engine hostC:77 since 2 h', 'run-8', '`breakClaims: run-7,run-8`'],
  },
  {
    check: 'active',
    what: 'the domain is shut off',
    facts: factsWith.domain({ state: 'shutoff', reason: 'shutdown' }),
    says: ['guest is shutoff', 'start it'],
  },
  {
    check: 'noOtherJob',
    what: 'another job runs',
    facts: factsWith.domain({ job: { operation: 'save' } }),
    says: ['job in progress (save)', 'wait'],
  },
  {
    check: 'noBlockJob',
    what: 'a disk is being copied',
    facts: factsWith.disk({ blockJob: 'copy' }),
    says: ['vda', 'block job', '(copy)', 'end it'],
  },
  {
    check: 'noBlockJob',
    what: 'a killed daemon believes in a copy that nothing does',
    facts: factsWith.disk({ mirrored: true }),
    says: ['vda', 'no job does it', 'start it'],
  },
  {
    check: 'noSnapshots',
    what: 'libvirt keeps snapshots',
    facts: factsWith.domain({ snapshotCount: 2 }),
    says: ['2 snapshot(s)', 'delete their metadata'],
  },
  {
    check: 'optionsSupported',
    what: 'a host is too old for the compression',
    facts: factsWith.destination({ libvirtVersion: 9_003_000 }),
    options: { compression: ['zstd'], parallelConnections: 2 },
    says: ['zstd` needs libvirt 9.4.0', 'has 9.0.0'],
  },
  {
    check: 'optionsSupported',
    what: 'a host is too old for parallel connections',
    facts: factsWith.destination({ libvirtVersion: 5_001_000 }),
    options: { parallelConnections: 2 },
    says: ['`parallelConnections` needs libvirt 5.2.0', 'has 5.1.0'],
  },
  {
    check: 'noHostDevices',
    what: 'a host device is attached',
    facts: factsWith.domain({ hostDevices: ['pci 0000:01:00.0'] }),
    says: ['detach pci 0000:01:00.0'],
  },
  {
    check: 'otherHost',
    what: 'both ends are the same host',
    facts: factsWith.destination({ hostUuid: goodFacts.source.hostUuid }),
    says: ['same host (hostA)'],
  },
  {
    check: 'disksKnown',
    what: 'a disk to copy does not exist',
    facts: goodFacts,
    options: { copyDisks: ['vdz'] },
    says: ['no disk vdz', 'guest has vda'],
  },
  {
    check: 'destinationReachable',
    what: 'the source daemon cannot open the destination',
    facts: { ...goodFacts, destinationSeenBySource: { reachable: false, message: 'refused' } },
    says: ['simulated:///hostB', 'refused', '`destinationConnectUri`'],
  },
  {
    check: 'advertisedNameResolves',
    what: 'the advertised name leads nowhere',
    facts: { ...goodFacts, advertisedNameSeenBySource: { reachable: false, message: 'no name' } },
    says: ['hostB', 'no name', '`migrationUri: tcp://ADDRESS`'],
  },
  {
    check: 'nameFree',
    what: 'another domain has the name',
    facts: factsWith.incoming({ nameTakenBy: { uuid: 'other', active: false } }),
    says: ['domain of that name (other)', '`destinationName`'],
  },
  {
    check: 'nameFree',
    what: 'the same domain runs there already',
    facts: factsWith.incoming({ nameTakenBy: { uuid: guestView.uuid, active: true } }),
    says: ['domain of that name'],
  },
  {
    check: 'uuidFree',
    what: 'a domain of another name has the uuid',
    facts: factsWith.incoming({ uuidTakenBy: { name: 'twin', active: false } }),
    says: [guestView.uuid, 'twin'],
  },
  {
    check: 'uuidFree',
    what: 'a running domain has the uuid',
    facts: factsWith.incoming({ uuidTakenBy: { name: 'guest', active: true } }),
    says: [guestView.uuid],
  },
  {
    check: 'cpuCompatible',
    what: 'the CPU lacks something',
    facts: factsWith.incoming({ cpu: 'incompatible' }),
    says: ['CPU'],
  },
  {
    check: 'machineTypeKnown',
    what: 'the machine type is newer than the destination',
    facts: factsWith.incoming({ machineTypeKnown: false }),
    says: ['7.2.22', 'pc-q35-7.2'],
  },
  {
    check: 'enoughMemory',
    what: 'the memory does not suffice',
    facts: factsWith.destination({ freeMemoryBytes: 512 * mib }),
    says: ['512 MiB of free memory', '1024 MiB'],
  },
  {
    check: 'networksPresent',
    what: 'a network is missing',
    facts: factsWith.incoming({ networksMissing: ['default', 'dmz'] }),
    says: ['default, dmz'],
  },
  {
    check: 'destinationPools',
    what: 'no pool owns the path',
    facts: factsWith.destinationDisk({ pool: null, poolAvailableBytes: null }),
    says: ['/images/guest.qcow2', 'pool'],
  },
  {
    check: 'destinationSpace',
    what: 'the pool is too full',
    facts: factsWith.destinationDisk({ poolAvailableBytes: 100 * mib }),
    says: ['pool images has 100 MiB left', '2048 MiB'],
  },
  {
    check: 'destinationSpace',
    what: 'the pool has room for one of two disks',
    facts: factsWith.incoming({
      disks: [
        { ...newDisk, poolAvailableBytes: 3072 * mib },
        { ...newDisk, targetDev: 'vdb', path: '/images/b', poolAvailableBytes: 3072 * mib },
      ],
    }),
    says: ['4096 MiB'],
  },
  {
    check: 'destinationDisksFree',
    what: 'the path belongs to another domain',
    facts: factsWith.destinationDisk({
      existing: { capacityBytes: 2048 * mib },
      usedBy: 'database',
    }),
    says: ['/images/guest.qcow2', 'database'],
  },
  {
    check: 'destinationDisksFit',
    what: 'the disk that stands there is too small',
    facts: factsWith.destinationDisk({ existing: { capacityBytes: 10 } }),
    says: ['/images/guest.qcow2', 'smaller'],
  },
  {
    check: 'destinationBases',
    what: 'an incremental copy has nothing to build on',
    facts: goodFacts,
    options: { copyStorage: 'inc' },
    says: ['/images/guest.qcow2', 'same base'],
  },
  {
    check: 'disksSafe',
    what: 'libvirt calls a disk unsafe',
    facts: { ...factsWith.incoming({ disks: [] }), libvirtVerdict: unsafeVerdict },
    options: { copyStorage: 'none' },
    says: ['vda', '/images/guest.qcow2', 'cache none', '`unsafe`'],
  },
  {
    check: 'libvirtAllows',
    what: 'libvirt refuses for a reason of its own',
    facts: {
      ...goodFacts,
      libvirtVerdict: { ...unsafeVerdict, message: 'no', libvirt: { code: 55, domain: 10 } },
    },
    says: ['libvirt refuses: no'],
  },
  {
    check: 'libvirtAllows',
    what: 'libvirt fails in a way without a code',
    facts: {
      ...goodFacts,
      libvirtVerdict: { code: 'internal', message: 'odd', effect: 'unknown' },
    },
    says: ['libvirt refuses: odd'],
  },
];
