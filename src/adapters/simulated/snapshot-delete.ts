import type { DeleteOptions } from '../../ports/snapshots.ts';
import { chainFrom, commitInto, pivotTo, setBacking } from './disk-chain.ts';
import type { Place } from './domain-life.ts';
import { workOn } from './domain-work.ts';
import { dropFile } from './host-files.ts';
import { libvirtError } from './libvirt-error.ts';
import { handOver } from './lost-guest.ts';
import type { SnapshotRecord } from './snapshot-book.ts';
import {
  childrenOf,
  descendantsOf,
  dropRecord,
  findRecord,
  replaceRecord,
} from './snapshot-book.ts';
import { lifeOf } from './world.ts';

/** A commit of what little a lab guest wrote. */
const commitTakesMs = 40;
/** From the end of one disk's commit to that of the next. */
const finaliseTakesMs = 2;
const externalDeleteVersion = 9_000_000;
/** Before it, files with memory are left behind. */
const memoryDeleteVersion = 9_001_000;

/** virDomainSnapshotDelete; nothing to do where there is none of that name. @throws FailureError */
export async function deleteSnapshot(
  place: Place,
  name: string,
  options: DeleteOptions,
): Promise<void> {
  const record = findRecord(place.domain, name);
  if (record === null) return;
  const below = options.children === 'keep' ? [] : descendantsOf(place.domain, name).toReversed();
  const doomed = options.children === 'only' ? below : [...below, record];
  if (!options.metadataOnly) refuse(place, doomed);
  await workOn(place, 'snapshotDelete', async () => {
    for (const each of doomed) {
      if (!options.metadataOnly) await dropData(place, each);
      dropRecord(place.domain, each);
    }
  });
}

function refuse({ domain, host }: Place, doomed: readonly SnapshotRecord[]): void {
  const externals = doomed.filter(isExternal);
  const [first] = externals;
  if (first === undefined) return;
  if (host.libvirtVersion < externalDeleteVersion)
    throw unsupported('deletion of 1 external disk snapshots not supported yet');
  if (doomed.length > 1)
    throw unsupported('deletion of external disk snapshots with children not supported');
  if (childrenOf(domain, first.name).length > 1)
    throw unsupported('deletion of external disk snapshots with more than one child not supported');
  const [noted] = first.unfinishedDeletion;
  if (noted !== undefined)
    throw libvirtError(
      'operationInvalid',
      `Requested operation is not valid: snapshot disk '${noted}' was target of not completed snapshot delete`,
    );
}

interface Overlay {
  readonly targetDev: string;
  readonly path: string;
  readonly base: { readonly path: string; readonly format: string };
}

async function dropData(place: Place, record: SnapshotRecord): Promise<void> {
  const { world, host, domain } = place;
  const isAlive = lifeOf(host);
  const overlays = overlaysOf(record);
  for (const { base, path, targetDev } of overlays)
    if (isHalfMerged(place, targetDev, path, base.path))
      throw libvirtError(
        'invalidArg',
        'invalid argument: could not find base disk source in disk source chain',
      );
  await world.pass(commitTakesMs, isAlive);
  domain.snapshots.internal.delete(record.name);
  noteUnfinished(place, record, overlays);
  for (const overlay of overlays) if (isTop(place, overlay)) tell(place, overlay, 'ready');
  for (const overlay of overlays) {
    const { disks: before } = domain.definition;
    const isPivoted = isTop(place, overlay) && domain.qemu !== null;
    merge(place, overlay);
    if (isPivoted) await handOver(place, { is: 'unheard', before });
    tell(place, overlay, 'completed', isPivoted ? 'activeCommit' : 'commit');
    dropLayer(place, overlay);
    if (isPivoted) await handOver(place, { is: 'unreadable', before });
    await world.pass(finaliseTakesMs, isAlive);
  }
  noteUnfinished(place, record, []);
  if (record.memory.kind === 'external' && host.libvirtVersion >= memoryDeleteVersion)
    dropFile(world, host, record.memory.path);
}

const isTop = ({ domain }: Place, { path, targetDev }: Overlay): boolean =>
  domain.definition.disks.some((disk) => disk.targetDev === targetDev && disk.path === path);

/** What QEMU tells of the commits, all of which are begun before the first is ended. */
function tell(
  { world, host, domain }: Place,
  { targetDev }: Overlay,
  status: 'completed' | 'ready',
  job: 'activeCommit' | 'commit' = 'activeCommit',
): void {
  if (domain.qemu !== null)
    world.tell(host, domain.uuid, { kind: 'blockJob', targetDev, job, status });
}

function overlaysOf({ definition, disks }: SnapshotRecord): Overlay[] {
  return disks.flatMap(({ kind, overlayPath, targetDev }) => {
    const frozen = definition.disks.find((disk) => disk.targetDev === targetDev);
    if (kind !== 'external' || overlayPath === null || frozen === undefined) return [];
    const base = { path: frozen.path, format: frozen.format };
    return [{ targetDev, path: overlayPath, base }];
  });
}

/** The guest writes above the base, and no overlay is there any more. */
function isHalfMerged(place: Place, targetDev: string, path: string, basePath: string): boolean {
  const top = place.domain.definition.disks.find((disk) => disk.targetDev === targetDev)?.path;
  const chain = chainFrom(place, top ?? '').map((layer) => layer.path);
  return chain.includes(basePath) && !chain.includes(path) && chainFrom(place, path).length === 0;
}

/** libvirt's own note on the snapshot before, from before the first disk is merged. */
function noteUnfinished({ domain }: Place, record: SnapshotRecord, on: readonly Overlay[]): void {
  const parent = record.parent === null ? null : findRecord(domain, record.parent);
  if (parent === null) return;
  const unfinishedDeletion = on.map(({ targetDev }) => targetDev);
  replaceRecord(domain, { ...parent, unfinishedDeletion });
}

/** The overlay into what lies below it; one that the guest has left behind is only removed. */
function merge(place: Place, { base, path: overlayPath, targetDev }: Overlay): void {
  const { domain } = place;
  const top = domain.definition.disks.find((disk) => disk.targetDev === targetDev)?.path ?? '';
  const chain = chainFrom(place, top);
  const depth = chain.findIndex(({ path }) => path === overlayPath);
  const above = chain[depth - 1];
  if (depth !== -1) commitInto(place, overlayPath, base.path);
  if (depth === 0) pivotTo(place, targetDev, base);
  else if (above !== undefined) setBacking(place, above.path, base);
}

/** Nothing names it any more. */
function dropLayer({ world, host, domain }: Place, { base, path: overlayPath }: Overlay): void {
  dropFile(world, host, overlayPath);
  domain.snapshots.records = domain.snapshots.records.map((record) =>
    onTo(record, overlayPath, base.path),
  );
}

/** Whatever was frozen in the overlay is in the layer below now. */
function onTo(record: SnapshotRecord, from: string, to: string): SnapshotRecord {
  const { definition } = record;
  const disks = definition.disks.map((disk) => (disk.path === from ? { ...disk, path: to } : disk));
  return { ...record, definition: { ...definition, disks } };
}

function isExternal({ disks }: SnapshotRecord): boolean {
  return disks.some(({ kind }) => kind === 'external');
}

function unsupported(message: string) {
  return libvirtError('configUnsupported', `unsupported configuration: ${message}`);
}
