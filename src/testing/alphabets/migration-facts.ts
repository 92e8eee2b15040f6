import type { DiskView, DomainView, HostView } from '../../ports/domain.ts';
import type { DestinationDisk, IncomingView, MigrationFacts } from '../../ports/migration.ts';
import { disk, guest, hostView, rival } from './one-host.ts';

const gib = 2 ** 30;
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
export const incoming: IncomingView = {
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
const facts: MigrationFacts = {
  atEpochMs: 500,
  source: hostView('hostA'),
  destination: hostView('hostB'),
  domain: guest,
  claims: [],
  incoming,
  destinationSeenBySource: { reachable: true },
  advertisedNameSeenBySource: { reachable: true },
  libvirtVerdict: null,
  copyVerdict: null,
};

const found = (change: Partial<MigrationFacts>): MigrationFacts => ({ ...facts, ...change });
const guestIs = (change: Partial<DomainView>) => found({ domain: { ...guest, ...change } });
const diskIs = (change: Partial<DiskView>) => guestIs({ disks: [{ ...disk, ...change }] });
const offIs = (change: Partial<DomainView>) => guestIs({ state: 'shutoff', ...change });
const thereIs = (change: Partial<IncomingView>) => found({ incoming: { ...incoming, ...change } });
const hostIs = (change: Partial<HostView>) =>
  found({ destination: { ...facts.destination, ...change } });
const newDiskIs = (change: Partial<DestinationDisk>) =>
  thereIs({ disks: [{ ...newDisk, ...change }] });
const off = { ...guest, state: 'shutoff' } as const;
const standing = { capacityBytes: 2 * gib };
const unsafe = {
  code: 'libvirt.81',
  message: 'Unsafe migration',
  effect: 'none',
  libvirt: { code: 81, domain: 10 },
} as const;

/** What both hosts may show before a migration: nothing wrong, then one thing for each check. */
export const migrationFacts = {
  runs: facts,
  isOff: offIs({}),
  sharesDisks: thereIs({ disks: [] }),
  isOffAndSharesDisks: { ...thereIs({ disks: [] }), domain: off },
  isNowhere: found({ domain: null, incoming: null }),
  isClaimed: found({ claims: [rival] }),
  isTransientAndOff: offIs({ persistent: false }),
  isDefinedThere: { ...thereIs({ definedThere: true }), domain: off },
  isHalfMoved: thereIs({ halfMovedThere: true }),
  isSaved: offIs({ managedSave: true }),
  hasNvram: offIs({ nvramPath: '/nvram/guest_VARS.fd' }),
  hasTpm: offIs({ emulatedTpm: true }),
  lacksDiskThere: {
    ...thereIs({
      disks: [],
      stayingDisks: [{ targetDev: 'vda', path: disk.path ?? '', pool: 'images', exists: false }],
    }),
    domain: off,
  },
  isOnBlockDevice: offIs({ disks: [{ ...disk, source: 'block', path: '/dev/vg/guest' }] }),
  isLayer: found({
    domain: off,
    copyVerdict: { code: 'noBackingImage', message: 'vda is a layer', effect: 'none' },
  }),
  isPaused: guestIs({ state: 'paused', reason: 'user' }),
  volumeStands: { ...newDiskIs({ existing: standing }), domain: off },
  sameDiskThere: newDiskIs({ existing: standing }),
  isShareable: diskIs({ shareable: true }),
  hasJob: guestIs({ job: { operation: 'save' } }),
  hasBlockJob: diskIs({ blockJob: 'copy' }),
  hasSnapshots: guestIs({ snapshotCount: 2 }),
  hasHostDevice: guestIs({ hostDevices: ['pci 0000:01:00.0'] }),
  isSameHost: hostIs({ hostUuid: facts.source.hostUuid }),
  isUnreachable: found({ destinationSeenBySource: { reachable: false, message: 'refused' } }),
  isUnnamed: found({ advertisedNameSeenBySource: { reachable: false, message: 'no name' } }),
  nameIsTaken: thereIs({ nameTakenBy: { uuid: 'other', active: false } }),
  uuidIsTaken: thereIs({ uuidTakenBy: { name: 'twin', active: false } }),
  cpuLacks: thereIs({ cpu: 'incompatible' }),
  machineIsUnknown: thereIs({ machineTypeKnown: false }),
  lacksMemory: hostIs({ freeMemoryBytes: 1 }),
  lacksNetwork: thereIs({ networksMissing: ['dmz'] }),
  lacksPool: newDiskIs({ pool: null, poolAvailableBytes: null }),
  lacksSpace: newDiskIs({ poolAvailableBytes: 1 }),
  diskIsUsed: newDiskIs({ existing: standing, usedBy: 'database' }),
  diskIsSmall: newDiskIs({ existing: { capacityBytes: 10 } }),
  isUnsafe: { ...thereIs({ disks: [] }), libvirtVerdict: unsafe },
  isRefused: found({ libvirtVerdict: { ...unsafe, libvirt: { code: 55, domain: 10 } } }),
} satisfies Record<string, MigrationFacts>;
