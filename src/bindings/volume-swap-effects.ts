import type { SeenDisk, SwapLook } from '../../machines/policy/volume-swap/look.ts';
import type {
  MakeRequest,
  OfflineCopy,
  OfflineCopyRequest,
  ResizeRequest,
  SwapCopyRequest,
  SwapRequest,
  SwapsOnHost,
} from '../../machines/policy/volume-swap/requests.ts';
import type { Removal } from '../../machines/policy/snapshot-delete/endings.ts';
import type { RemovalRequest } from '../../machines/policy/snapshot-delete/requests.ts';
import type { Tools } from '../engine/slots.ts';
import type { DiskImage } from '../ports/disk-source.ts';
import { placeOf, toolPlaceOf } from '../ports/disk-source.ts';
import type { Hypervisor, Hypervisors } from '../ports/hypervisor.ts';
import { reportsCopy } from './report-copy.ts';
import { removeUnused } from './snapshot-delete-effects.ts';
import { changedAt, guestIn, heldOf } from './volume-swap-truth.ts';

/** On record before it is made, so that what stands there after a crash is a try of ours. */
export async function makeVolume(
  hypervisors: Hypervisors,
  { backing, host, to, virtualSizeBytes }: MakeRequest,
  { resumed, signal }: Tools,
): Promise<void> {
  const hypervisor = await hypervisors.open(host, signal);
  const path = placeOf(to.source);
  if (resumed === true) await hypervisor.removeFile(path, signal);
  const image = { path, format: to.format, virtualSizeBytes, backing };
  await hypervisor.createImage(image, signal);
}

export async function beginSwap(
  hypervisors: Hypervisors,
  { by, domainUuid, host, mayBeCut, targetDev, to, virtualSizeBytes, ...how }: SwapCopyRequest,
  { signal }: Tools,
): Promise<void> {
  const hypervisor = await hypervisors.open(host, signal);
  if (mayBeCut) await cutTo(hypervisor, to, virtualSizeBytes, signal);
  const { bandwidthMibPerS, shallow, synchronousWrites } = how;
  const options = { shallow, bandwidthMibPerS };
  if (by === 'blockRebase')
    return hypervisor.copyBlockByRebase(domainUuid, targetDev, to, options, signal);
  const flags = { reuseExternal: true, transientJob: true, synchronousWrites };
  return hypervisor.copyBlock(domainUuid, targetDev, to, { ...flags, ...options }, signal);
}

/** A larger file, which the checks let through because the disk is resized in the end. */
async function cutTo(
  hypervisor: Hypervisor,
  { format, source }: DiskImage,
  sizeBytes: number,
  signal: AbortSignal,
): Promise<void> {
  if (source.kind !== 'file') return;
  const info = await hypervisor.inspectImage(source.path, format, signal);
  if (info === null || info.virtualSizeBytes <= sizeBytes) return;
  await hypervisor.cutImage({ path: source.path, format }, sizeBytes, signal);
}

/** How the disks stand, and the guest. Reads only. */
export async function lookAtSwaps(
  hypervisors: Hypervisors,
  { domainUuid, host, swaps }: SwapsOnHost,
  { clock, signal }: Tools,
): Promise<SwapLook> {
  const hypervisor = await hypervisors.open(host, signal);
  // All at once: when a copy is in step, the guest waits for no more than the slowest of them.
  const [state, chains, areThere] = await Promise.all([
    hypervisor.findState(domainUuid, signal),
    hypervisor.findChains(domainUuid, signal),
    Promise.all(
      swaps.map(
        async ({ isBegun, to: { source } }) =>
          !isBegun || source.kind !== 'file' || hypervisor.hasFile(source.path, signal),
      ),
    ),
  ]);
  const guest = guestIn(state);
  const disks = swaps.map(async ({ from, isAsked, targetDev, to }, index): Promise<SeenDisk> => {
    const chain = chains.find((each) => each.targetDev === targetDev);
    const shown = chain?.mirror ?? null;
    const needsJob = shown !== null && (isAsked || !shown.ready);
    const job = needsJob ? await hypervisor.findBlockJob(domainUuid, targetDev, signal) : null;
    // A libvirtd that was killed behind the pivot may show for ever a copy that has no job any more.
    const mirror = isAsked && job === null ? null : shown;
    const top = chain?.layers[0]?.origin ?? null;
    const goal = mirror?.origin ?? null;
    const isElsewhere = top === null || placeOf(top) !== placeOf(to.source);
    const held =
      isAsked && mirror === null && isElsewhere
        ? await heldOf(hypervisor, { domainUuid, targetDev, from, to }, signal)
        : null;
    return {
      targetDev,
      top: top === null ? null : placeOf(top),
      mirror: goal === null ? null : placeOf(goal),
      isReady: mirror?.ready === true,
      isGone: mirror !== null && areThere[index] === false,
      held,
      job,
    };
  });
  const isEnding = state === 'shutdown';
  return { atEpochMs: clock.nowEpochMs(), guest, isEnding, disks: await Promise.all(disks) };
}

export async function pivotSwap(
  hypervisors: Hypervisors,
  { domainUuid, host, targetDev }: SwapRequest,
  { signal }: Tools,
): Promise<{ how: 'ended' | 'noJob' }> {
  const hypervisor = await hypervisors.open(host, signal);
  return { how: await hypervisor.endBlockJob(domainUuid, targetDev, 'pivot', signal) };
}

/** Copies of ours, also those that libvirt has forgotten; and no other job. */
export async function dropSwaps(
  hypervisors: Hypervisors,
  { domainUuid, host, swaps }: SwapsOnHost,
  { signal }: Tools,
): Promise<void> {
  const hypervisor = await hypervisors.open(host, signal);
  const chains = await hypervisor.findChains(domainUuid, signal);
  for (const { targetDev, to } of swaps) {
    const { layers = [], mirror = null } =
      chains.find((chain) => chain.targetDev === targetDev) ?? {};
    const path = placeOf(to.source);
    const isOurs = mirror?.origin != null && placeOf(mirror.origin) === path;
    const top = layers[0]?.origin ?? null;
    // The guest went on with it: that is not for us to take away.
    if (top !== null && placeOf(top) === path) continue;
    if (isOurs) await hypervisor.endBlockJob(domainUuid, targetDev, 'cancel', signal);
    else if (mirror === null)
      await hypervisor.dropForgottenCopy(domainUuid, { targetDev, path }, signal);
  }
}

export async function copyOffline(
  hypervisors: Hypervisors,
  { from, host, mayBeCut, targetDev, to, virtualSizeBytes }: OfflineCopyRequest,
  tools: Tools,
): Promise<OfflineCopy> {
  const { signal } = tools;
  const hypervisor = await hypervisors.open(host, signal);
  const sourceChangedAt = await changedAt(hypervisor, from, signal);
  if (mayBeCut) await cutTo(hypervisor, to, virtualSizeBytes, signal);
  await hypervisor.convertImage(
    {
      from: { path: toolPlaceOf(from.source), format: from.format },
      to: { path: toolPlaceOf(to.source), format: to.format },
      compress: false,
      shared: false,
      reuseExternal: true,
    },
    reportsCopy(targetDev, virtualSizeBytes, tools),
    signal,
  );
  return { sourceChangedAt };
}

/** One that somebody has open stays, whatever definitions say of it: a QEMU may run on unseen. */
export async function removeFree(
  hypervisors: Hypervisors,
  request: RemovalRequest,
  tools: Tools,
): Promise<Removal> {
  const { signal } = tools;
  const hypervisor = await hypervisors.open(request.host, signal);
  const held: string[] = [];
  for (const path of request.paths) {
    if (await hypervisor.isImageInUse({ path, format: 'raw' }, signal)) held.push(path);
  }
  const paths = request.paths.filter((path) => !held.includes(path));
  const { left, removed } = await removeUnused(hypervisors, { ...request, paths }, tools);
  const stay = held.map((path) => ({ path, why: 'somebody has it open to write to it' }));
  return { removed, left: [...left, ...stay] };
}

/** The guest that runs is told; of one that is off it is the image that grows. */
export async function resizeDisk(
  hypervisors: Hypervisors,
  { domainUuid, host, image, sizeBytes, targetDev }: ResizeRequest,
  { signal }: Tools,
): Promise<void> {
  const hypervisor = await hypervisors.open(host, signal);
  const isOff = guestIn(await hypervisor.findState(domainUuid, signal)) === 'off';
  if (!isOff) return hypervisor.resizeBlock(domainUuid, targetDev, sizeBytes, signal);
  const file = { path: toolPlaceOf(image.source), format: image.format };
  return hypervisor.resizeImage(file, sizeBytes, signal);
}
