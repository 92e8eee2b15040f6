import { dirname } from 'node:path/posix';

import type { DomainOnHost } from '../../machines/policy/domain-on-host.ts';
import type { LookRequest, SnapshotLook } from '../../machines/policy/domain-snapshot/look.ts';
import type { PlannedDisk } from '../../machines/policy/domain-snapshot/domain-snapshot.ts';
import type {
  ConfigureRequest,
  CreateRequest,
  FilesRequest,
  OverlaysOnHost,
  RemovedFiles,
} from '../../machines/policy/domain-snapshot/requests.ts';
import type { Tools } from '../engine/slots.ts';
import { delay } from '../ports/clock.ts';
import { FailureError, toFailure } from '../ports/failure.ts';
import type { DiskChain } from '../ports/block-jobs.ts';
import type { DomainStatus } from '../ports/domain.ts';
import type { Hypervisor, Hypervisors } from '../ports/hypervisor.ts';
import type { FormattedImage } from '../ports/images.ts';
import type { OpenFile } from '../ports/snapshots.ts';
import { hasLeft, isActive, jobOn, unlessFailed } from './image-chains.ts';

export async function createSnapshot(
  hypervisors: Hypervisors,
  { domainUuid, host, request }: CreateRequest,
  { signal }: Tools,
): Promise<void> {
  const hypervisor = await hypervisors.open(host, signal);
  await hypervisor.createSnapshot(domainUuid, request, signal);
}

/** virDomainAbortJob ends any job: only one that makes a snapshot is meant. */
export async function abortSnapshot(
  hypervisors: Hypervisors,
  { domainUuid, host }: DomainOnHost,
  { signal }: Tools,
): Promise<void> {
  const hypervisor = await hypervisors.open(host, signal);
  const status = await hypervisor.findStatus(domainUuid, signal);
  if (status?.job?.operation === 'snapshot') await hypervisor.abortJob(domainUuid, signal);
}

/** What came of it. That the host does not answer is an answer, too. */
export async function lookAtSnapshot(
  hypervisors: Hypervisors,
  request: LookRequest,
  { clock, signal }: Tools,
): Promise<SnapshotLook> {
  try {
    const hypervisor = await hypervisors.open(request.host, signal);
    const look = await readSnapshot(hypervisor, request, signal);
    return { atEpochMs: clock.nowEpochMs(), reachable: true, ...look };
  } catch (error) {
    signal.throwIfAborted();
    return {
      atEpochMs: clock.nowEpochMs(),
      reachable: false,
      message: toFailure(error).message,
    };
  }
}

type Reached = Extract<SnapshotLook, { readonly reachable: true }>;

async function readSnapshot(host: Hypervisor, request: LookRequest, signal: AbortSignal) {
  const { domainUuid, name, noMetadata, overlayPaths, targetDevs } = request;
  // A job that is over by now has left what the reads behind it see.
  const domain = await host.findStatus(domainUuid, signal);
  if (domain === null || domain.job !== null)
    return { domain, recorded: false, disks: [], ...nothingHidden };
  const [snapshots, chains] = await Promise.all([
    host.listSnapshots(domainUuid, signal),
    host.findChains(domainUuid, signal),
  ]);
  const recorded = snapshots.some((snapshot) => snapshot.name === name);
  const ours = chains.filter(({ targetDev }) => targetDevs.includes(targetDev));
  const onOverlays = ours.filter(({ layers: [top] }) => overlayPaths.includes(top?.path ?? ''));
  const isWhole = (recorded || noMetadata) && onOverlays.length === targetDevs.length;
  const asked = isWhole || !isActive(domain) ? [] : onOverlays;
  const stale = await staleAmong(host, domainUuid, asked, signal);
  const disks = await Promise.all(
    targetDevs.map(async (targetDev) => {
      const chain = ours.find((each) => each.targetDev === targetDev);
      const isStale = chain !== undefined && stale.includes(chain);
      return {
        targetDev,
        topPath: chain?.layers[isStale ? 1 : 0]?.path ?? null,
        configuredPath: await host.findDiskSource(domainUuid, 'configuration', targetDev, signal),
      };
    }),
  );
  const layers = new Set(chains.flatMap((chain) => chain.layers.map(({ path }) => path)));
  const unknown = overlayPaths.filter((path) => !layers.has(path));
  const hidden = await hiddenAmong(host, domainUuid, unknown, signal);
  return {
    domain,
    recorded,
    disks,
    ...hidden,
    stalePaths: stale.flatMap(({ layers: [top] }) => top?.path ?? []),
    isUnseen: await isUnseen(host, domain, request.images, signal),
  };
}

/** Without a job on them; as libvirt shows them they are on their overlays. */
async function staleAmong(
  host: Hypervisor,
  uuid: string,
  chains: readonly DiskChain[],
  signal: AbortSignal,
): Promise<readonly DiskChain[]> {
  const isLeft = async ({ layers, targetDev }: DiskChain): Promise<boolean> =>
    (await host.findBlockJob(uuid, targetDev, signal)) === null &&
    hasLeft(host, uuid, layers, signal);
  const left = await Promise.all(chains.map(isLeft));
  return chains.filter((_, index) => left[index]);
}

/** The reason is of a daemon that has not seen its end, because it was started since. */
async function isUnseen(
  host: Hypervisor,
  { reason, state }: DomainStatus,
  images: readonly FormattedImage[],
  signal: AbortSignal,
): Promise<boolean> {
  if (state !== 'shutoff' || reason !== 'unknown') return false;
  const used = await Promise.all(
    images.map((image) => unlessFailed(host.isImageInUse(image, signal), signal)),
  );
  // One that cannot be looked at may be in use.
  return used.some((isUsed) => isUsed !== false);
}

/**
 * What a disk of QEMU has is written to; what it only has open is left from a daemon that was killed
 * before the snapshot, and goes with its file. It is asked only about files that stand: asking it marks
 * the domain.
 */
async function hiddenAmong(
  host: Hypervisor,
  domainUuid: string,
  paths: readonly string[],
  signal: AbortSignal,
): Promise<Pick<Reached, 'hiddenPaths' | 'openFiles'>> {
  const standing = await Promise.all(paths.map((path) => mayStand(host, path, signal)));
  if (!standing.includes(true)) return nothingHidden;
  const written = (await host.findDiskFiles(domainUuid, signal)) ?? [];
  const hiddenPaths = paths.filter((path) => written.includes(path));
  if (hiddenPaths.length === 0) return nothingHidden;
  return { hiddenPaths, openFiles: (await host.findOpenFiles(domainUuid, signal)) ?? [] };
}

const nothingHidden = { hiddenPaths: [], openFiles: [] } as const;

async function mayStand(host: Hypervisor, path: string, signal: AbortSignal): Promise<boolean> {
  try {
    const files = await host.listFiles(dirname(path), signal);
    return files?.includes(path) === true;
  } catch (error) {
    if (toFailure(error).code === 'imageToolsUnreachable') return true;
    throw error;
  }
}

/** The top of each disk that is ours goes into what lies below it. */
export async function mergeOverlays(
  hypervisors: Hypervisors,
  { disks, domainUuid, host }: OverlaysOnHost,
  tools: Tools,
): Promise<void> {
  const hypervisor = await hypervisors.open(host, tools.signal);
  for (const { base, overlay, targetDev } of disks)
    if (overlay !== null)
      await mergeTop(hypervisor, { domainUuid, targetDev, top: overlay.path, base }, tools);
}

interface Merge {
  readonly domainUuid: string;
  readonly targetDev: string;
  readonly top: string;
  readonly base: FormattedImage;
}

/** How often a commit is asked whether it is in step; a fresh overlay takes no longer. */
const readyPollMs = 100;

/**
 * An active commit, begun where there is none, and pivoted as soon as it is in step. What the guest has
 * left is older than what it writes to, and never merged over that.
 */
async function mergeTop(
  host: Hypervisor,
  { base, domainUuid, targetDev, top }: Merge,
  { clock, signal }: Tools,
): Promise<void> {
  for (;;) {
    const status = await host.findStatus(domainUuid, signal);
    if (status === null || !isActive(status)) return;
    const chains = await host.findChains(domainUuid, signal);
    const chain = chains.find((each) => each.targetDev === targetDev);
    if (chain?.layers[0]?.path !== top) return;
    const job = await jobOn(host, domainUuid, chain, signal);
    if (job === null) {
      if (await hasLeft(host, domainUuid, chain.layers, signal)) return;
      const options = { top: null, base: base.path, active: true, deleteFiles: false };
      await host.commitBlock(domainUuid, targetDev, { ...options, bandwidthMibPerS: 0 }, signal);
    } else if (job.type !== 'activeCommit' || (job.mirrorPath ?? base.path) !== base.path) {
      const message = `disk ${targetDev} has a block job that somebody else began`;
      throw new FailureError({ code: 'blockJobActive', message, effect: 'none' });
    } else if (job.ready) {
      await host.endBlockJob(domainUuid, targetDev, 'pivot', signal);
      return;
    }
    await delay(clock, readyPollMs, signal);
  }
}

export async function configureDisks(
  hypervisors: Hypervisors,
  { as, disks, domainUuid, host }: ConfigureRequest,
  { signal }: Tools,
): Promise<void> {
  const hypervisor = await hypervisors.open(host, signal);
  const written = as === 'base' ? await writtenOverlays(hypervisor, domainUuid, disks, signal) : [];
  for (const { base, overlay, targetDev } of disks) {
    if (overlay === null || written.includes(overlay.path)) continue;
    const disk = { targetDev, base, overlay };
    if (as === 'overlay') await hypervisor.putOverlay(domainUuid, 'configuration', disk, signal);
    else await hypervisor.takeOverlay(domainUuid, 'configuration', disk, signal);
  }
}

/** One disk may have left its overlay, and another not yet. */
async function writtenOverlays(
  host: Hypervisor,
  uuid: string,
  disks: readonly PlannedDisk[],
  signal: AbortSignal,
): Promise<readonly string[]> {
  const status = await host.findStatus(uuid, signal);
  if (status === null || !isActive(status)) return [];
  const chains = await host.findChains(uuid, signal);
  const shown = disks.flatMap(({ overlay, targetDev }) => {
    const chain = chains.find((each) => each.targetDev === targetDev);
    return overlay !== null && chain?.layers[0]?.path === overlay.path ? [chain] : [];
  });
  const stale = await staleAmong(host, uuid, shown, signal);
  return shown
    .filter((chain) => !stale.includes(chain))
    .flatMap(({ layers: [top] }) => top?.path ?? []);
}

/**
 * Files that no domain has for a disk, and of which its QEMU has let go where it was told to open them.
 * One that stays does not keep the others.
 */
export async function removeSnapshotFiles(
  hypervisors: Hypervisors,
  { domainUuid, host, overlayPaths, paths }: FilesRequest,
  { signal }: Tools,
): Promise<RemovedFiles> {
  const hypervisor = await hypervisors.open(host, signal);
  const chains = await hypervisor.findChains(domainUuid, signal);
  const layers = new Set(chains.flatMap((chain) => chain.layers.map(({ path }) => path)));
  const removed: string[] = [];
  const held: OpenFile[] = [];
  for (const path of paths) {
    const users = await hypervisor.findDiskUsers(path, signal);
    if (users.length > 0 || layers.has(path)) continue;
    const isAsked = overlayPaths.includes(path) && (await mayStand(hypervisor, path, signal));
    const nodes = isAsked ? await hypervisor.dropLeftNodes(domainUuid, path, signal) : [];
    if (nodes.length > 0) held.push({ path, nodes });
    else if (await isRemoved(hypervisor, path, signal)) removed.push(path);
  }
  return { removed, held };
}

async function isRemoved(host: Hypervisor, path: string, signal: AbortSignal): Promise<boolean> {
  try {
    await host.removeFile(path, signal);
    return true;
  } catch (error) {
    const { code } = toFailure(error);
    if (code !== 'imageToolsUnreachable') throw error;
    await host.deleteVolume(path, signal);
    const { pools } = await host.surveyHost(signal);
    return pools.some(({ active, targetPath }) => active && targetPath === dirname(path));
  }
}
