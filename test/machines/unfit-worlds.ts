import type { DiskView } from '../../src/ports/domain.ts';
import type { MigrationFacts, StayingDisk } from '../../src/ports/migration.ts';
import type { BadWorld } from './bad-worlds.ts';
import { factsWith, goodFacts, guestView } from './facts.ts';

const mib = 2 ** 20;

const shutOffDisk = (change: Partial<DiskView>) =>
  factsWith.domain({
    state: 'shutoff',
    disks: guestView.disks.map((disk) => ({ ...disk, ...change })),
  });
/** Of a domain that is shut off, and of which nothing is copied. */
const staying = (found: Pick<StayingDisk, 'exists' | 'pool'>): MigrationFacts => ({
  ...factsWith.incoming({
    disks: [],
    stayingDisks: [{ targetDev: 'vda', path: '/images/guest.qcow2', ...found }],
  }),
  domain: { ...guestView, state: 'shutoff' },
});

/** Requests that do not fit together, or not to the state of the domain. */
export const unfitWorlds: readonly BadWorld[] = [
  {
    check: 'optionsCombine',
    what: 'a tunnel is to carry post-copy',
    facts: factsWith.incoming({ disks: [] }),
    options: { copyStorage: 'none', tunnelled: true, postcopy: true },
    says: ['a tunnel only goes forward', '`postcopy`'],
  },
  {
    check: 'shutOff',
    what: 'a running domain is to be moved shut off',
    facts: factsWith.domain({ state: 'running' }),
    request: { offline: true },
    says: ['guest is running', 'shut it down'],
  },
  {
    check: 'persistentOffline',
    what: 'a domain without a definition is to be moved shut off',
    facts: factsWith.domain({ state: 'shutoff', persistent: false }),
    request: { offline: true },
    says: ['guest has no definition'],
  },
  {
    check: 'offlineNotDefined',
    what: 'an old definition stands where one is to be moved to',
    facts: {
      ...factsWith.incoming({ definedThere: true }),
      domain: { ...guestView, state: 'shutoff' },
    },
    request: { offline: true },
    says: ['definition of guest already', 'undefine it there'],
  },
  {
    check: 'nothingHalfMoved',
    what: 'a move that was given up left its domain there',
    facts: factsWith.incoming({ halfMovedThere: true }),
    says: ['neither runs nor is defined there', 'restart that daemon'],
  },
  {
    check: 'noManagedSave',
    what: 'the memory of a domain that is to be moved shut off was saved',
    facts: factsWith.domain({ state: 'shutoff', managedSave: true }),
    request: { offline: true },
    says: ['memory saved', 'migrate it live', 'managedsave-remove'],
  },
  {
    check: 'nvramFollows',
    what: 'a domain with NVRAM of its own is to be moved shut off',
    facts: factsWith.domain({ state: 'shutoff', nvramPath: '/nvram/guest_VARS.fd' }),
    request: { offline: true },
    says: ['/nvram/guest_VARS.fd would stay', 'copy that file', '`unsafe`'],
  },
  {
    check: 'tpmFollows',
    what: 'a domain whose TPM is kept by swtpm is to be moved shut off',
    facts: factsWith.domain({ state: 'shutoff', emulatedTpm: true }),
    request: { offline: true },
    says: ['TPM of guest would stay', `swtpm/${guestView.uuid}`, '`unsafe`'],
  },
  {
    check: 'offlineDisksThere',
    what: 'a disk that is not copied is missing in a pool over there',
    facts: staying({ pool: 'images', exists: false }),
    options: { copyStorage: 'none', unsafe: true },
    request: { offline: true },
    says: ['/images/guest.qcow2', 'pool images', 'copy the storage'],
  },
  {
    check: 'offlineDisksThere',
    what: 'nobody can tell whether a disk that is not copied stands over there',
    facts: staying({ pool: null, exists: false }),
    options: { copyStorage: 'none' },
    request: { offline: true },
    says: ['libvirt does not check that /images/guest.qcow2', '`unsafe`'],
  },
  {
    check: 'sourceDiskComparable',
    what: 'a disk to copy shut off, and to delete, is a block device',
    facts: shutOffDisk({ source: 'block', path: '/dev/vg/guest' }),
    options: { sourceDisk: 'delete' },
    request: { offline: true },
    says: ['disk vda is a block device', '`sourceDisk: delete`'],
  },
  {
    check: 'sourceDiskComparable',
    what: 'a disk to copy shut off, and to delete, is a block device that is called a file',
    facts: shutOffDisk({ path: '/dev/vg/guest' }),
    options: { sourceDisk: 'delete' },
    request: { offline: true },
    says: ['disk vda is a block device'],
  },
  {
    check: 'disksCopyable',
    what: 'a disk is a layer over an image that the destination lacks',
    facts: {
      ...factsWith.domain({ state: 'shutoff' }),
      copyVerdict: {
        code: 'noBackingImage',
        message: 'disk vda is a layer over /base.qcow2: put that image there first',
        effect: 'none',
      },
    },
    request: { offline: true },
    says: ['layer over /base.qcow2', 'put that image there'],
  },
  {
    check: 'postcopyWhilePaused',
    what: 'a paused guest is to go over by post-copy',
    facts: factsWith.domain({ state: 'paused', reason: 'user' }),
    options: { postcopy: true },
    says: ['guest is paused', 'leave `postcopy` out'],
  },
  {
    check: 'offlineDisksAbsent',
    what: 'a volume stands where our own copy would go',
    facts: {
      ...factsWith.destinationDisk({ existing: { capacityBytes: 2048 * mib } }),
      domain: { ...guestView, state: 'shutoff' },
    },
    request: { offline: true },
    says: ['/images/guest.qcow2', 'remove it'],
  },
  {
    check: 'sourceDiskDeletable',
    what: 'the disk to delete may be the very disk of the destination',
    facts: factsWith.destinationDisk({ existing: { capacityBytes: 2048 * mib } }),
    options: { sourceDisk: 'delete' },
    says: ['/images/guest.qcow2', '`sourceDisk: delete`'],
  },
  {
    check: 'copiedDisksPlaced',
    what: 'a disk to copy shut off, and to delete, is named by a pool over there',
    facts: { ...factsWith.incoming({ disks: [] }), domain: { ...guestView, state: 'shutoff' } },
    options: { sourceDisk: 'delete' },
    request: { offline: true },
    says: ['disk vda', 'left out of the copy', '`destinationXml`'],
  },
  {
    check: 'copiedDisksPlaced',
    what: 'a disk to delete is named by a pool over there',
    facts: factsWith.incoming({ disks: [] }),
    options: { sourceDisk: 'delete' },
    says: ['disk vda', 'left out of the copy'],
  },
  {
    check: 'copiedDisksPlaced',
    what: 'a disk to copy shut off has no path here, and would be read from that of another',
    facts: {
      ...goodFacts,
      domain: {
        ...guestView,
        state: 'shutoff',
        disks: guestView.disks.map((disk) => ({ ...disk, source: 'network', path: null })),
      },
    },
    request: { offline: true },
    says: ['disk vda', '`copyDisks`'],
  },
  {
    check: 'sourceDiskOwn',
    what: 'a disk to delete is shareable',
    facts: factsWith.disk({ shareable: true }),
    options: { sourceDisk: 'delete', copyDisks: ['vda'] },
    says: ['disk vda is shareable', '`sourceDisk: delete`'],
  },
  {
    check: 'sourceDiskOwn',
    what: 'a disk to delete is read-only',
    facts: factsWith.disk({ readOnly: true }),
    options: { sourceDisk: 'delete', copyDisks: ['vda'] },
    says: ['disk vda is read-only'],
  },
];
