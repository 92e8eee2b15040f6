import type { SnapshotView } from '../../../src/ports/snapshots.ts';
import { isUnderWay, withDisks, withJobs } from './progress.ts';
import type { DiskMerge, SeenChain, SnapshotDeleteContext } from './snapshot-delete.ts';
import { deletionFailure, disksOf, isUnanswered, planOf } from './snapshot-delete.ts';

type Context = SnapshotDeleteContext;

/** What one look found. */
export interface MergeLook {
  readonly atEpochMs: number;
  /** `unseen`: its daemon calls it shut off without having seen its end, and somebody has its disks. */
  readonly guest: 'running' | 'off' | 'unseen';
  /** libvirt deletes a snapshot by itself. */
  readonly isDeleting: boolean;
  readonly chains: readonly SeenChain[];
  readonly snapshots: readonly Pick<SnapshotView, 'name'>[];
  /** Where the daemon may not know: what was merged, and what it was merged into. */
  readonly files: readonly SeenFile[];
}

export interface SeenFile {
  readonly path: string;
  /** `used`: somebody writes to it; `hidden`: it cannot be looked at. */
  readonly is: 'gone' | 'free' | 'used' | 'hidden';
}

const guestStopped = deletionFailure(
  'guestStopped',
  'the guest was shut off while its disks were merged, and the merge ended with it',
);
const vanished = (targetDev: string) =>
  deletionFailure('jobVanished', `the merge of disk ${targetDev} ended, and nothing came of it`);

/** A job that should be there and is not has come to an end that nobody saw: the chain tells which. */
export function noteLook(context: Context, { look }: { look: MergeLook }): Partial<Context> {
  const { atEpochMs } = look;
  // Of a guest that did not run it is a tool that has its disks.
  const guest = look.guest === 'unseen' && context.guest === 'off' ? 'off' : look.guest;
  const looked = withDisks(context, (disk) => {
    const chain = chainIn(look, disk);
    if (disk.state === 'merged' || isMergedIn(chain, disk) || hasLeft(context, look, disk))
      return { ...disk, state: 'merged' };
    // What qemu-img did is no job; and whoever is not seen may have one.
    if (!isUnderWay(disk) || guest === 'unseen' || (guest === 'off' && context.guest === 'off'))
      return disk;
    const seen = chain === undefined ? null : jobIn(chain, disk);
    // That its last step failed has been counted already.
    const isConcluded = disk.targetDev === context.concluding;
    return seen === null
      ? { ...disk, state: 'lost', tries: disk.tries + (isConcluded ? 0 : 1) }
      : { ...disk, state: seen };
  });
  const isNewlyLost = ({ state }: DiskMerge, index: number): boolean =>
    state === 'lost' && disksOf(context)[index]?.state !== 'lost';
  const lost = looked.plan?.disks.find(isNewlyLost);
  const why = guest === 'off' ? guestStopped : vanished(lost?.targetDev ?? '');
  const setback = lost === undefined ? {} : { setback: context.setback ?? why };
  const bytes = bytesIn(look);
  const { gained } = context;
  const stands = gained !== null && bytes <= gained.bytes;
  return {
    ...withJobs({ ...context, guest }, looked),
    ...setback,
    guest,
    uncertain: uncertainIn({ ...context, ...looked }, look, guest),
    stale: guest === 'running' ? staleIn(context, look) : [],
    mustLook: false,
    concluding: null,
    deletion: deletionIn(context, look),
    gained: stands ? gained : { atEpochMs, bytes },
  };
}

function deletionIn(context: Context, { isDeleting, snapshots }: MergeLook): Context['deletion'] {
  const names = snapshots.map(({ name }) => name);
  if (isDeleting) return 'underWay';
  return planOf(context).doomed.some((name) => names.includes(name)) ? 'none' : 'gone';
}

/** More than any disk has. */
const inStepBytes = 2 ** 50;

/** Of a job that is in step with the guest, what the guest writes is no gain. */
const bytesIn = ({ chains }: MergeLook): number =>
  chains.reduce((sum, { job }) => sum + (job?.ready ? inStepBytes : (job?.processedBytes ?? 0)), 0);

/** By what the chain is now, whoever did it. */
function isMergedIn(chain: SeenChain | undefined, { base, how, top }: DiskMerge): boolean {
  if (chain === undefined || chain.layers.length === 0) return false;
  const paths = chain.layers.map(({ path }) => path);
  if (how !== 'pull')
    return base !== null && !paths.includes(top.path) && paths.includes(base.path);
  return paths[0] === top.path && (base === null ? paths.length === 1 : paths[1] === base.path);
}

const isOf =
  ({ files }: MergeLook, path: string | undefined) =>
  (...states: readonly SeenFile['is'][]): boolean =>
    files.some((file) => file.path === path && states.includes(file.is));

const directoryOf = (path: string | undefined): string | undefined =>
  path?.slice(0, path.lastIndexOf('/'));

/**
 * What a guest writes to alone, it has been pivoted to; and libvirt removes an overlay only when it is
 * merged. One that is missing with its directory is another matter.
 */
function hasLeft(context: Context, look: MergeLook, { base, how, top }: DiskMerge): boolean {
  const [isBase, isTop] = [isOf(look, base?.path), isOf(look, top.path)];
  if (how !== 'activeCommit') return false;
  if (look.guest !== 'off' && isBase('used')) return isTop('gone', 'free');
  const isRemoved = look.guest === 'off' && isTop('gone') && isBase('free');
  const isByLibvirt = planOf(context).way === 'libvirt';
  return isRemoved && isByLibvirt && directoryOf(top.path) === directoryOf(base?.path);
}

/**
 * A pivot was asked for, and nobody answered. Where its QEMU is gone, both files may be the newer one;
 * where its daemon has lost it, it holds both, and may write to either.
 */
function uncertainIn(
  before: Context,
  look: MergeLook,
  guest: MergeLook['guest'],
): readonly string[] {
  const { concluding, plan } = before;
  if (before.guest !== 'running' || guest === 'running' || !isUnanswered(before)) return [];
  return disksOf(before)
    .filter(
      ({ base, how, state, targetDev }) =>
        how === 'activeCommit' &&
        state !== 'merged' &&
        (plan?.way === 'libvirt' || targetDev === concluding) &&
        (guest === 'off' || isOf(look, base?.path)('used', 'hidden')),
    )
    .map(({ targetDev }) => targetDev);
}

/** What the guest has left for certain, by what its daemon tells it has not, and not just now. */
function staleIn(context: Context, look: MergeLook): readonly string[] {
  const isStale = (disk: DiskMerge): boolean => {
    const chain = chainIn(look, disk);
    return chain?.job === null && !isMergedIn(chain, disk) && hasLeft(context, look, disk);
  };
  return disksOf(context)
    .filter(isStale)
    .map(({ targetDev }) => targetDev);
}

const chainIn = ({ chains }: MergeLook, disk: DiskMerge): SeenChain | undefined =>
  chains.find(({ targetDev }) => targetDev === disk.targetDev);

/** Ours, or one that cannot be told from it. */
export function jobIn(
  { job }: Pick<SeenChain, 'job'>,
  { base, how }: DiskMerge,
): 'working' | 'ready' | null {
  if (job === null || job.type !== how) return null;
  if (how === 'activeCommit' && job.mirrorPath !== null && job.mirrorPath !== base?.path)
    return null;
  return job.ready ? 'ready' : 'working';
}

/** Seen by a look, not told: for longer than allowed no byte was merged. */
export function isStalled({ gained, stallMs }: Context, { look }: { look: MergeLook }): boolean {
  const isWorking = look.chains.some(({ job }) => job !== null && !job.ready);
  return (
    gained !== null &&
    isWorking &&
    bytesIn(look) <= gained.bytes &&
    look.atEpochMs - gained.atEpochMs >= stallMs
  );
}
