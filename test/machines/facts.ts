import type { MigrationFacts } from '../../src/ports/migration.ts';
import type { DiskView, DomainView, HostView } from '../../src/ports/domain.ts';
import type { DestinationDisk, IncomingView } from '../../src/ports/migration.ts';
import { domain } from './hosts.ts';

const gib = 2 ** 30;

const disk: DiskView = {
  targetDev: 'vda',
  device: 'disk',
  source: 'file',
  path: '/images/guest.qcow2',
  format: 'qcow2',
  readOnly: false,
  shareable: false,
  transient: false,
  cache: 'none',
  capacityBytes: 2 * gib,
  allocationBytes: gib,
  blockJob: null,
  mirrored: false,
};

export const guestView: DomainView = {
  ...domain,
  memoryBytes: gib,
  arch: 'x86_64',
  machineType: 'pc-q35-7.2',
  virtType: 'qemu',
  emulator: '/usr/bin/qemu-system-x86_64',
  disks: [disk],
  hostDevices: [],
  networks: ['default'],
  snapshotCount: 0,
  managedSave: false,
  nvramPath: null,
  emulatedTpm: false,
};

export const hostView = (name: string): HostView => ({
  uri: `qemu+tcp://${name}/system`,
  hostname: name,
  hostUuid: `uuid-of-${name}`,
  libvirtVersion: 9_000_000,
  hypervisorVersion: 7_002_022,
  freeMemoryBytes: 8 * gib,
});

/** Where the copied disk goes: nothing stands there yet. */
export const newDisk: DestinationDisk = {
  targetDev: 'vda',
  path: '/images/guest.qcow2',
  capacityBytes: 2 * gib,
  pool: 'images',
  poolAvailableBytes: 10 * gib,
  existing: null,
  usedBy: null,
};

const incoming: IncomingView = {
  nameTakenBy: null,
  uuidTakenBy: null,
  definedThere: false,
  halfMovedThere: false,
  cpu: 'superset',
  machineTypeKnown: true,
  networksMissing: [],
  disks: [newDisk],
  stayingDisks: [],
};

/** A world in which nothing speaks against the migration. */
export const goodFacts: MigrationFacts = {
  atEpochMs: 500,
  source: hostView('hostA'),
  destination: hostView('hostB'),
  domain: guestView,
  claims: [],
  incoming,
  destinationSeenBySource: { reachable: true },
  advertisedNameSeenBySource: { reachable: true },
  libvirtVerdict: null,
  copyVerdict: null,
};

export const factsWith = {
  domain: (change: Partial<DomainView>): MigrationFacts => ({
    ...goodFacts,
    domain: { ...guestView, ...change },
  }),
  disk: (change: Partial<DiskView>): MigrationFacts =>
    factsWith.domain({ disks: [{ ...disk, ...change }] }),
  destination: (change: Partial<HostView>): MigrationFacts => ({
    ...goodFacts,
    destination: { ...goodFacts.destination, ...change },
  }),
  incoming: (change: Partial<IncomingView>): MigrationFacts => ({
    ...goodFacts,
    incoming: { ...incoming, ...change },
  }),
  destinationDisk: (change: Partial<DestinationDisk>): MigrationFacts =>
    factsWith.incoming({ disks: [{ ...newDisk, ...change }] }),
} as const;
