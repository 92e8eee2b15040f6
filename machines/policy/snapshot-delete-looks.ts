import type { SnapshotView } from '../../src/ports/snapshots.ts';
import { isUnderWay, withDisks, withJobs } from './snapshot-delete-progress.ts';
import type { DiskMerge, SeenChain, SnapshotDeleteContext } from './snapshot-delete.ts';
import { deletionFailure, disksOf, planOf } from './snapshot-delete.ts';

type Context = SnapshotDeleteContext;

/** What one look found. */
export interface MergeLook {
  readonly atEpochMs: number;
  readonly guest: 'running' | 'off';
  /** libvirt deletes a snapshot by itself. */
  readonly isDeleting: boolean;
  readonly chains: readonly SeenChain[];
  readonly snapshots: readonly Pick<SnapshotView, 'name'>[];
}

const guestStopped = deletionFailure(
  'guestStopped',
  'the guest was shut off while its disks were merged, and the merge ended with it',
);
const vanished = (targetDev: string) =>
  deletionFailure('jobVanished', `the merge of disk ${targetDev} ended, and nothing came of it`);

/** A job that should be there and is not has come to an end that nobody saw: the chain tells which. */
export function noteLook(context: Context, { look }: { look: MergeLook }): Partial<Context> {
  const { atEpochMs, chains, guest } = look;
  const looked = withDisks(context, (disk) => {
    const chain = chains.find(({ targetDev }) => targetDev === disk.targetDev);
    if (disk.state === 'merged' || isMergedIn(chain, disk)) return { ...disk, state: 'merged' };
    // What qemu-img did is no job.
    if (!isUnderWay(disk) || (guest === 'off' && context.guest === 'off')) return disk;
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

const bytesIn = ({ chains }: MergeLook): number =>
  chains.reduce((sum, { job }) => sum + (job?.processedBytes ?? 0), 0);

/** By what the chain is now, whoever did it. */
function isMergedIn(chain: SeenChain | undefined, { base, how, top }: DiskMerge): boolean {
  if (chain === undefined || chain.layers.length === 0) return false;
  const paths = chain.layers.map(({ path }) => path);
  if (how !== 'pull')
    return base !== null && !paths.includes(top.path) && paths.includes(base.path);
  return paths[0] === top.path && (base === null ? paths.length === 1 : paths[1] === base.path);
}

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
