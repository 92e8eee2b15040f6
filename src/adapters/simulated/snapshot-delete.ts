import type { DeleteOptions } from '../../ports/snapshots.ts';
import { chainFrom, commitInto, pivotTo, setBacking } from './disk-chain.ts';
import type { Place } from './domain-life.ts';
import { workOn } from './domain-work.ts';
import { dropFile } from './host-files.ts';
import { libvirtError } from './libvirt-error.ts';
import type { SnapshotRecord } from './snapshot-book.ts';
import { childrenOf, descendantsOf, dropRecord, findRecord } from './snapshot-book.ts';
import { lifeOf } from './world.ts';

/** A commit of what little a lab guest wrote. */
const commitTakesMs = 40;

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
  if (!options.metadataOnly && doomed.length > 1 && doomed.some(isExternal))
    throw unsupported('deletion of external disk snapshots with children not supported');
  await workOn(place, 'snapshotDelete', async () => {
    for (const each of doomed) {
      if (!options.metadataOnly) await dropData(place, each);
      dropRecord(place.domain, each);
    }
  });
}

async function dropData(place: Place, record: SnapshotRecord): Promise<void> {
  const { world, host, domain } = place;
  if (childrenOf(domain, record.name).length > 1 && isExternal(record))
    throw unsupported('deletion of external disk snapshots with more than one child not supported');
  await world.pass(commitTakesMs, lifeOf(host));
  domain.snapshots.internal.delete(record.name);
  for (const { kind, overlayPath, targetDev } of record.disks) {
    const frozen = record.definition.disks.find((disk) => disk.targetDev === targetDev);
    if (kind === 'external' && overlayPath !== null && frozen !== undefined)
      merge(place, targetDev, overlayPath, frozen);
  }
  if (record.memory.kind === 'external') dropFile(world, host, record.memory.path);
}

/** The overlay into what lies below it; one that the guest has left behind is only removed. */
function merge(
  place: Place,
  targetDev: string,
  overlayPath: string,
  frozen: { readonly path: string; readonly format: string },
): void {
  const { world, host, domain } = place;
  const top = domain.definition.disks.find((disk) => disk.targetDev === targetDev)?.path ?? '';
  const chain = chainFrom(place, top);
  const depth = chain.findIndex(({ path }) => path === overlayPath);
  const above = chain[depth - 1];
  const base = { path: frozen.path, format: frozen.format };
  if (depth !== -1) commitInto(place, overlayPath, base.path);
  if (depth === 0) pivotTo(place, targetDev, base);
  else if (above !== undefined) setBacking(place, above.path, base);
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
