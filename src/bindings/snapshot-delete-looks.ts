import type { MergeLook, SeenFile } from '../../machines/policy/snapshot-delete/looks.ts';
import type {
  DiskMerge,
  SeenChain,
  SnapshotDeleteFacts,
} from '../../machines/policy/snapshot-delete/snapshot-delete.ts';
import type { DisksOnHost, LookRequest } from '../../machines/policy/snapshot-delete/requests.ts';
import type { Tools } from '../engine/slots.ts';
import { FailureError } from '../ports/failure.ts';
import type { Hypervisor, Hypervisors } from '../ports/hypervisor.ts';
import { isActive, readChains, unlessFailed } from './image-chains.ts';

/** What became of chains, jobs and snapshots. Reads only. @throws FailureError noDomain */
export async function lookAtMerges(
  hypervisors: Hypervisors,
  { disks, domainUuid, host, isInDoubt }: LookRequest,
  { clock, signal }: Tools,
): Promise<MergeLook> {
  const hypervisor = await hypervisors.open(host, signal);
  const status = await hypervisor.findStatus(domainUuid, signal);
  if (status === null) {
    const message = `${host} does not know the domain any more`;
    throw new FailureError({ code: 'noDomain', message, effect: 'none' });
  }
  const [chains, snapshots] = await Promise.all([
    readChains(hypervisor, status, signal),
    hypervisor.listSnapshots(domainUuid, signal),
  ]);
  const believed = disks.filter((disk) => isBelieved(chains, disk));
  const asksQemu = isInDoubt && believed.length > 0 && status.job === null;
  const files = !isActive(status)
    ? await lookAtFiles(hypervisor, { chains, disks }, signal)
    : filesIn(believed, asksQemu ? await hypervisor.findDiskFiles(domainUuid, signal) : null);
  // The reason of a daemon that has not seen its end, because it was started since.
  const isLost =
    status.reason === 'unknown' && files.some(({ is }) => is === 'used' || is === 'hidden');
  const whereOff = isLost ? 'unseen' : 'off';
  return {
    atEpochMs: clock.nowEpochMs(),
    guest: isActive(status) ? 'running' : whereOff,
    files,
    isDeleting: status.job?.operation === 'snapshotDelete',
    chains,
    snapshots: snapshots.map(({ name }) => ({ name })),
  };
}

/** What its daemon says of it, and no job of it says otherwise. */
const isBelieved = (chains: readonly SeenChain[], { top }: DiskMerge): boolean =>
  chains.some(({ job, layers }) => job === null && layers.some(({ path }) => path === top.path));

/** Of what runs: which of the two its disks are, by QEMU's own word. */
function filesIn(disks: readonly DiskMerge[], written: readonly string[] | null): SeenFile[] {
  if (written === null) return [];
  return disks
    .flatMap(({ base, top }) => (base === null ? [top] : [top, base]))
    .map(({ path }) => ({ path, is: written.includes(path) ? 'used' : 'free' }));
}

/**
 * Disks of a guest that runs which have left the layer that their daemon believes in: another deletion
 * was interrupted, and its end is noted in the configuration, or to be asked of QEMU where libvirt has
 * noted its beginning. Reads only.
 */
export async function leftBy(
  host: Hypervisor,
  domainUuid: string,
  {
    chains,
    disks,
    snapshots,
  }: Pick<SnapshotDeleteFacts, 'chains' | 'snapshots'> & {
    readonly disks: readonly DiskMerge[];
  },
  signal: AbortSignal,
): Promise<string[]> {
  const active = disks.filter(({ how }) => how === 'activeCommit');
  const noted = snapshots.flatMap(({ unfinishedDeletion }) => unfinishedDeletion);
  const isNoted = active.some(({ targetDev }) => noted.includes(targetDev));
  const written = isNoted ? await host.findDiskFiles(domainUuid, signal) : null;
  const named = await Promise.all(
    active.map(({ targetDev }) =>
      host.findDiskSource(domainUuid, 'configuration', targetDev, signal),
    ),
  );
  const isLeft = ({ targetDev, top }: DiskMerge, index: number): boolean => {
    const below = chains.find((chain) => chain.targetDev === targetDev)?.layers.slice(1) ?? [];
    return [named[index], ...(written?.includes(top.path) === false ? written : [])].some((file) =>
      below.some(({ path }) => path !== null && path === file),
    );
  };
  return active.filter(isLeft).map(({ targetDev }) => targetDev);
}

async function lookAtFiles(
  host: Hypervisor,
  { chains, disks }: Pick<MergeLook, 'chains'> & Pick<DisksOnHost, 'disks'>,
  signal: AbortSignal,
): Promise<SeenFile[]> {
  const tops = chains.flatMap(({ layers }) => layers.slice(0, 1));
  const merged = disks.flatMap(({ base, top }) => [top, ...(base === null ? [] : [base])]);
  const images = new Map(
    [...tops, ...merged].flatMap(({ format, path }) => (path === null ? [] : [[path, format]])),
  );
  return Promise.all(
    [...images].map(async ([path, format]) => {
      const image = { path, format };
      const isUsed = await unlessFailed(host.isImageInUse(image, signal), signal);
      if (isUsed === null) return { path, is: 'hidden' };
      if (isUsed) return { path, is: 'used' };
      const info = await host.inspectImage(path, format, signal);
      return { path, is: info === null ? 'gone' : 'free' };
    }),
  );
}

/** Those of its files that somebody writes to. Reads only. */
export async function usedBy(
  host: Hypervisor,
  seen: Pick<MergeLook, 'chains'> & Pick<DisksOnHost, 'disks'>,
  signal: AbortSignal,
): Promise<string[]> {
  const files = await lookAtFiles(host, seen, signal);
  return files.flatMap(({ is, path }) => (is === 'used' ? [path] : []));
}
