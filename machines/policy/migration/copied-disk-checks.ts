import type { DiskView } from '../../../src/ports/domain.ts';
import type { Check, Subject } from '../check.ts';
import { first, unless } from '../check.ts';
import { disksToCopy } from './plan.ts';

/** What our own copy, and the end of the source's files, take for granted of each copied disk. */
export const copiedDiskChecks = {
  /** What has no place there is not copied by us, and must not end here as if it had been. */
  copiedDisksPlaced: (subject) =>
    first(copiedDisks(subject), (disk) =>
      unless(
        isPlaced(disk, subject),
        () =>
          `disk ${disk.targetDev} is no file or device with a path on both hosts, so it would be left out of the copy: name the disks that are to be copied with \`copyDisks\`, and give their paths in \`destinationXml\``,
      ),
    ),
  sourceDiskOwn: (subject) =>
    first(copiedDisks(subject), (disk) =>
      unless(
        subject.options.sourceDisk === 'keep' || !(disk.shareable || disk.readOnly),
        () =>
          `disk ${disk.targetDev} is ${disk.shareable ? 'shareable' : 'read-only'}, so others may use it, on this host or another: leave \`sourceDisk: delete\` or that disk out`,
      ),
    ),
  /** Our own copy is held against the source's file once more before that goes. */
  sourceDiskComparable: (subject) =>
    first(copiedDisks(subject), (disk) =>
      unless(
        !subject.request.offline || subject.options.sourceDisk === 'keep' || !isDevice(disk),
        () =>
          `disk ${disk.targetDev} is a block device, of which nobody can tell whether it was written to since it was copied: leave \`sourceDisk: delete\` out`,
      ),
    ),
} satisfies Record<string, Check>;

/** A definition may call a device a file. */
const isDevice = ({ path, source }: DiskView): boolean =>
  source === 'block' || path?.startsWith('/dev/') === true;

function copiedDisks({ domain, options }: Subject): DiskView[] {
  const copied = disksToCopy(domain, options);
  return domain.disks.filter(({ targetDev }) => copied.includes(targetDev));
}

function isPlaced({ path, source, targetDev }: DiskView, subject: Subject): boolean {
  const { incoming, options, request } = subject;
  const isThere = incoming.disks.some((disk) => disk.targetDev === targetDev);
  // What libvirt copies by itself needs a path only where a file of ours is to be deleted for it.
  if (!request.offline) return options.sourceDisk === 'keep' || path === null || isThere;
  // Both hosts see what lies in the network; it stays where it is.
  return path === null ? source === 'network' && !isThere : isThere;
}
