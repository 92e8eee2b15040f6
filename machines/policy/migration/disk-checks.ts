import type { DestinationDisk } from '../../../src/ports/migration.ts';
import type { Check, Subject } from '../check.ts';
import { first, mib, unless } from '../check.ts';

/** Where the copied disks go: libvirt finds out in the middle of the call, or overwrites. */
export const diskChecks = {
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
          `pool ${disk.pool} has ${mib(disk.poolAvailableBytes ?? 0)} left, the copied disks need ${mib(spaceWanted(subject, disk))}${subject.options.spaceWanted === 'virtualSize' ? ' when they are full (`spaceWanted: allocation` counts what they hold now)' : ''}`,
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
  /** Our own copy fills a volume that it made, and never one that it found. */
  offlineDisksAbsent: ({ incoming, request }) =>
    first(incoming.disks, (disk) =>
      unless(
        !request.offline || disk.existing === null,
        () => `${disk.path} stands on the destination already: remove it, or move without copying`,
      ),
    ),
  /** libvirt moves a definition alone, and does not look for its disks. */
  offlineDisksThere: ({ incoming, request, options }) =>
    !request.offline
      ? null
      : first(incoming.stayingDisks, ({ exists, path, pool }) =>
          pool === null
            ? unless(
                exists || options.unsafe,
                () =>
                  `libvirt does not check that ${path} stands on the destination, and no storage pool there owns it: see that it does, then say \`unsafe\`, or copy the storage`,
              )
            : unless(
                exists,
                () =>
                  `${path} does not stand in pool ${pool} of the destination: copy the storage, or put the disk there first`,
              ),
        ),
  disksCopyable: ({ facts }) => facts.copyVerdict?.message ?? null,
  /** The same path on both hosts may be the same file. */
  sourceDiskDeletable: ({ incoming, options }) =>
    first(incoming.disks, (disk) =>
      unless(
        options.sourceDisk === 'keep' || disk.existing === null,
        () =>
          `${disk.path} stands on the destination already, so it may be the very disk of the source: leave \`sourceDisk: delete\` out`,
      ),
    ),
} satisfies Record<string, Check>;

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
