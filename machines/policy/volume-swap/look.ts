import type { BlockJobView } from '../../../src/ports/block-jobs.ts';
import { placeOf } from '../../../src/ports/disk-source.ts';
import type { VolumeSwapContext } from './volume-swap.ts';

type Context = VolumeSwapContext;

/** What one look found of a disk. */
export interface SeenDisk {
  readonly targetDev: string;
  /** Place of the top layer of what runs, or of the configuration where nothing does. */
  readonly top: string | null;
  /** Place that a copy goes to, whosever it is. */
  readonly mirror: string | null;
  readonly isReady: boolean;
  /** The file that the copy goes to has lost its name: the guest would go on with one that nobody finds. */
  readonly isGone: boolean;
  /**
   * Where the guest was asked to go on with the copy, and libvirt shows neither copy nor destination:
   * the volume that QEMU itself has, by its word or by its locks. `null`: there is no such doubt.
   */
  readonly held: 'from' | 'to' | 'unknown' | null;
  readonly job: BlockJobView | null;
}

/** What one look found. */
export interface SwapLook {
  readonly atEpochMs: number;
  readonly guest: Context['guest'];
  /** It shuts down: its QEMU stands for a second or two yet, and its copies may have ended already. */
  readonly isEnding: boolean;
  readonly disks: readonly SeenDisk[];
}

/** Before anything is begun each disk has to be what the checks saw, or what the swap left. */
export function isMoved({ swaps }: Context, { look }: { look: SwapLook }): boolean {
  return swaps.some(({ from, targetDev }) => {
    const seen = look.disks.find((disk) => disk.targetDev === targetDev);
    // With its guest a transient domain is gone, and that is told in words of its own.
    if (seen === undefined || (seen.top === null && look.guest === 'off')) return false;
    return seen.top !== placeOf(from.source) || seen.mirror !== null;
  });
}

/** One that was only started over in the same QEMU has its copies yet, and has not ended. */
export function stopSeen({ stopDetail, swaps }: Context, look: SwapLook): string | null {
  if (look.isEnding) return stopDetail ?? 'shutdown';
  const stands = look.disks.some(({ mirror, targetDev }) =>
    swaps.some((swap) => swap.targetDev === targetDev && placeOf(swap.to.source) === mirror),
  );
  return stands && look.guest !== 'off' ? null : stopDetail;
}

const sumOf = (look: SwapLook, of: (job: BlockJobView) => number): number =>
  look.disks.reduce((sum, { job }) => sum + (job === null ? 0 : of(job)), 0);

const isCopying = ({ disks }: SwapLook): boolean =>
  disks.some(({ isReady, mirror }) => mirror !== null && !isReady);

/** When they were last seen to come nearer. */
export function gainedBy({ gained }: Context, look: SwapLook): Context['gained'] {
  // Before the first has begun, or behind the last, there is nothing to come nearer to.
  if (!isCopying(look)) return null;
  const remainingBytes = sumOf(look, ({ processedBytes, totalBytes }) =>
    Math.max(0, totalBytes - processedBytes),
  );
  const stands = gained !== null && remainingBytes >= gained.remainingBytes;
  if (stands) return gained;
  const processedBytes = sumOf(look, (job) => job.processedBytes);
  return { atEpochMs: look.atEpochMs, remainingBytes, processedBytes };
}

/** Seen by a look, not told: for longer than allowed the copies have come no nearer to their disks. */
export function isStalled(context: Context, { look }: { look: SwapLook }): boolean {
  const { gained, stallMs } = context;
  if (gained === null) return false;
  const now = gainedBy(context, look);
  return now === gained && look.atEpochMs - gained.atEpochMs >= stallMs;
}

/** The flag SYNCHRONOUS_WRITES of virDomainBlockCopy came with libvirt 8.0.0. */
const synchronousSince = 8_000_000;

/** Bytes flow, and yet it comes no nearer: the guest writes faster than they do, and can be held. */
export function isOutrun(
  { facts, gained, writes }: Context,
  { look }: { look: SwapLook },
): boolean {
  return (
    writes === 'background' &&
    (facts?.host.libvirtVersion ?? 0) >= synchronousSince &&
    gained !== null &&
    sumOf(look, ({ processedBytes }) => processedBytes) > gained.processedBytes
  );
}
