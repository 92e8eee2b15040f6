import type { DiskView } from '../../src/ports/domain.ts';

/** libvirt begins nothing beside a job, and nothing beside a mirror either, whether it has a job or not. */
export function blockJobObjection({ blockJob, mirrored, targetDev }: DiskView): string | null {
  if (blockJob !== null)
    return `disk ${targetDev} has a block job that somebody else began (${blockJob}): wait for its end, or let its owner end it`;
  if (!mirrored) return null;
  return `disk ${targetDev} is shown as being copied, and no job does it: it may be ending just now; where it stays so, libvirtd was killed as the copy ended, and only a new QEMU ends it: shut the guest down (a reboot from inside is not enough) and start it`;
}
