import type { Removal } from '../../machines/policy/snapshot-delete/endings.ts';
import { mayMerge } from '../../machines/policy/snapshot-delete/checks.ts';
import { jobIn } from '../../machines/policy/snapshot-delete/looks.ts';
import {
  planMerge,
  planSnapshot,
  snapshotNamed,
} from '../../machines/policy/snapshot-delete/plan.ts';
import type { MergePlan } from '../../machines/policy/snapshot-delete/plan.ts';
import type {
  DeletionRequest,
  DisksOnHost,
  FactsRequest,
  MergeRequest,
  RemovalRequest,
} from '../../machines/policy/snapshot-delete/requests.ts';
import type {
  SeenChain,
  SnapshotDeleteFacts,
} from '../../machines/policy/snapshot-delete/snapshot-delete.ts';
import type { Tools } from '../engine/slots.ts';
import { FailureError } from '../ports/failure.ts';
import type { Hypervisor, Hypervisors } from '../ports/hypervisor.ts';
import type { ReportFraction } from '../ports/images.ts';
import type { SnapshotView } from '../ports/snapshots.ts';
import type { Overlays } from './image-chains.ts';
import { findOverlays, isActive, listAround, readChains } from './image-chains.ts';
import { leftBy, usedBy } from './snapshot-delete-looks.ts';
import { gatherOneHost } from './one-host.ts';

/** Everything that the checks judge. Reads only. @throws FailureError hostUnreachable */
export async function gatherSnapshotDelete(
  hypervisors: Hypervisors,
  request: FactsRequest,
  tools: Tools,
): Promise<SnapshotDeleteFacts> {
  const { signal } = tools;
  const facts = await gatherOneHost(hypervisors, request, tools);
  const { domain } = facts;
  const nothing = { hasTools: false, standing: [], overlays: [], users: [], used: [], left: [] };
  if (domain === null) return { ...facts, ...nothing, snapshots: [], chains: [] };
  const host = await hypervisors.open(request.host, signal);
  const [snapshots, chains] = await Promise.all([
    host.listSnapshots(domain.uuid, signal),
    readChains(host, domain, signal),
  ]);
  const { disks, files } = plannedFor(request, { chains, snapshots });
  const targets = disks.map(({ targetDev }) => targetDev);
  const layers = chains
    .filter(({ targetDev }) => targets.includes(targetDev))
    .flatMap((chain) => chain.layers.flatMap(({ path }) => path ?? []));
  const paths = [...new Set([...files, ...layers])];
  // Of what libvirt does by itself with disks that are whole, nobody asks which files stand.
  const isNeeded =
    !isActive(domain) ||
    disks.some(({ state }) => state === 'merged') ||
    mayMerge(request.what, { ...facts, snapshots, chains, standing: [] });
  const beside = isNeeded ? await listAround(host, paths, signal) : [];
  const standing = files.filter((path) => beside?.includes(path) === true);
  const used = isActive(domain) ? [] : await usedBy(host, { chains, disks }, signal);
  const left = isActive(domain)
    ? await leftBy(host, domain.uuid, { chains, disks, snapshots }, signal)
    : [];
  const seen = { ...facts, snapshots, chains, standing, used, left };
  if (!mayMerge(request.what, seen))
    return { ...seen, hasTools: beside !== null, overlays: [], users: [] };
  const [overlays, users] = await Promise.all([
    beside === null ? null : findOverlays(host, beside, signal),
    Promise.all(paths.map((path) => usersOf(host, path, signal))),
  ]);
  return { ...seen, hasTools: overlays !== null, overlays: overlays ?? [], users: users.flat() };
}

async function usersOf(host: Hypervisor, path: string, signal: AbortSignal) {
  const uuids = await host.findDiskUsers(path, signal);
  return uuids.map((domainUuid) => ({ path, domainUuid }));
}

const noPlan: MergePlan = { disks: [], files: [], objection: null };

function plannedFor(
  { what }: FactsRequest,
  seen: { readonly chains: readonly SeenChain[]; readonly snapshots: readonly SnapshotView[] },
): MergePlan {
  if (what.kind === 'merge') return planMerge(what, seen);
  const snapshot = what.metadataOnly ? null : snapshotNamed(seen, what.name);
  return snapshot === null ? noPlan : planSnapshot(snapshot, seen);
}

export async function beginMerge(
  hypervisors: Hypervisors,
  { bandwidthMibPerS, disk, domainUuid, host }: MergeRequest,
  { signal }: Tools,
): Promise<void> {
  const { base, how, targetDev, top } = disk;
  const hypervisor = await hypervisors.open(host, signal);
  const below = base?.path ?? null;
  if (how === 'pull')
    return hypervisor.pullBlock(domainUuid, targetDev, { base: below, bandwidthMibPerS }, signal);
  const active = how === 'activeCommit';
  const options = { top: top.path, base: below, active, deleteFiles: false, bandwidthMibPerS };
  return hypervisor.commitBlock(domainUuid, targetDev, options, signal);
}

/** By qemu-img, which holds off a start with its locks. Done again, it is the same. */
export async function mergeOffline(
  hypervisors: Hypervisors,
  { disk, domainUuid, host }: MergeRequest,
  tools: Tools,
): Promise<void> {
  const { base, how, top } = disk;
  const { signal } = tools;
  const hypervisor = await hypervisors.open(host, signal);
  await requireOff(hypervisor, domainUuid, signal);
  const report = reporter(disk.targetDev, tools);
  if (how === 'pull' || base === null) await hypervisor.rebaseImage(top, base, report, signal);
  else await hypervisor.commitImage(top, base.path, report, signal);
}

/** The layer on top, or the definition, names the base from now on. */
export async function switchOffline(
  hypervisors: Hypervisors,
  { disk, domainUuid, host }: MergeRequest,
  tools: Tools,
): Promise<{ how: 'ended' }> {
  const { above, base, how, targetDev, top } = disk;
  const { signal } = tools;
  const hypervisor = await hypervisors.open(host, signal);
  await requireOff(hypervisor, domainUuid, signal);
  if (how === 'activeCommit' && base !== null) {
    const overlay = { targetDev, overlay: top, base };
    await hypervisor.takeOverlay(domainUuid, 'configuration', overlay, signal);
  } else if (above !== null) {
    await hypervisor.rebaseImage(above, base, reporter(targetDev, tools), signal);
  }
  return { how: 'ended' };
}

async function requireOff(host: Hypervisor, uuid: string, signal: AbortSignal): Promise<void> {
  const status = await host.findStatus(uuid, signal);
  if (status !== null && !isActive(status)) return;
  throw refusal('guestRuns', 'the guest was started while its disks were merged');
}

/** How far qemu-img is; a disk's size is not known here, so it is told in thousandths. */
function reporter(targetDev: string, { report }: Pick<Tools, 'report'>): ReportFraction {
  return (fraction) => {
    const processedBytes = Math.round(fraction * 1_000);
    const remainingBytes = 1_000 - processedBytes;
    const stream = `${targetDev} merge`;
    report([{ stream, processedBytes, totalBytes: 1_000, remainingBytes, bytesPerS: null }]);
  };
}

export async function pivotMerge(
  hypervisors: Hypervisors,
  { disk, domainUuid, host }: MergeRequest,
  { signal }: Tools,
): Promise<{ how: 'ended' | 'noJob' }> {
  const hypervisor = await hypervisors.open(host, signal);
  return { how: await hypervisor.endBlockJob(domainUuid, disk.targetDev, 'pivot', signal) };
}

/**
 * Ours, and no other job. What came of them a look tells. libvirt (9.0, 11.3) crashes over the end of an
 * active commit that it knows no mirror of, and could be amid anything for others: that one is left.
 */
export async function cancelMerges(
  hypervisors: Hypervisors,
  { disks, domainUuid, host }: DisksOnHost,
  { signal }: Tools,
): Promise<void> {
  const hypervisor = await hypervisors.open(host, signal);
  const status = await hypervisor.findStatus(domainUuid, signal);
  if (status === null || !isActive(status)) return;
  const chains = await readChains(hypervisor, status, signal);
  const ours = disks.filter((disk) =>
    chains.some(
      (chain) =>
        chain.targetDev === disk.targetDev &&
        jobIn(chain, disk) !== null &&
        (disk.how !== 'activeCommit' || chain.job?.mirrorPath != null),
    ),
  );
  await Promise.all(
    ours.map(({ targetDev }) => hypervisor.endBlockJob(domainUuid, targetDev, 'cancel', signal)),
  );
}

export async function deleteSnapshot(
  hypervisors: Hypervisors,
  { children, domainUuid, host, metadataOnly, name }: DeletionRequest,
  { signal }: Tools,
): Promise<void> {
  const hypervisor = await hypervisors.open(host, signal);
  await hypervisor.deleteSnapshot(domainUuid, name, { children, metadataOnly }, signal);
}

/** Each by itself: one that something needs, or that does not go, does not keep the others. */
export async function removeUnused(
  hypervisors: Hypervisors,
  { domainUuid, host, paths }: RemovalRequest,
  { signal }: Tools,
): Promise<Removal> {
  const hypervisor = await hypervisors.open(host, signal);
  const beside = await listAround(hypervisor, paths, signal);
  const standing = paths.filter((path) => beside === null || beside.includes(path));
  if (standing.length === 0) return { removed: paths, left: [] };
  const status = await hypervisor.findStatus(domainUuid, signal);
  const [chains, snapshots, overlays] = await Promise.all([
    status === null ? [] : readChains(hypervisor, status, signal),
    hypervisor.listSnapshots(domainUuid, signal),
    beside === null ? null : findOverlays(hypervisor, beside, signal),
  ]);
  const needs: Needs = {
    layers: chains.flatMap(({ layers }) => layers.flatMap(({ path }) => path ?? [])),
    snapshots,
    isKnown: overlays !== null,
    overlays: (overlays ?? []).filter(({ path }) => !paths.includes(path)),
  };
  const why = await Promise.all(
    paths.map(async (path) => {
      if (!standing.includes(path)) return null;
      const users = await hypervisor.findDiskUsers(path, signal);
      return neededBy(path, users, needs) ?? removalError(hypervisor, path, signal);
    }),
  );
  const left = paths.flatMap((path, index) => {
    const reason = why[index] ?? null;
    return reason === null ? [] : [{ path, why: reason }];
  });
  return { removed: paths.filter((_, index) => (why[index] ?? null) === null), left };
}

interface Needs {
  readonly layers: readonly string[];
  readonly snapshots: readonly SnapshotView[];
  readonly isKnown: boolean;
  readonly overlays: Overlays;
}

function neededBy(path: string, users: readonly string[], needs: Needs): string | null {
  if (needs.layers.includes(path)) return 'the guest has it among its layers';
  const [user] = users;
  if (user !== undefined) return `domain ${user} names it`;
  const keeper = needs.snapshots.find(
    ({ disks, frozenPaths, memory }) =>
      frozenPaths.some((frozen) => frozen.path === path) ||
      disks.some(({ overlayPath }) => overlayPath === path) ||
      (memory.kind === 'external' && memory.path === path),
  );
  if (keeper !== undefined) return `snapshot ${keeper.name} needs it`;
  const overlay = needs.overlays.find(({ backingPath }) => backingPath === path);
  if (overlay !== undefined) return `image ${overlay.path} lies over it`;
  return needs.isKnown ? null : 'its directory could not be looked through';
}

async function removalError(
  host: Hypervisor,
  path: string,
  signal: AbortSignal,
): Promise<string | null> {
  try {
    await host.removeFile(path, signal);
    return null;
  } catch (error) {
    if (error instanceof FailureError && !signal.aborted) return error.failure.message;
    throw error;
  }
}

const refusal = (code: string, message: string) =>
  new FailureError({ code, message, effect: 'none' });
