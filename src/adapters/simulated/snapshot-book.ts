import type { SnapshotDisk, SnapshotView } from '../../ports/snapshots.ts';
import { libvirtError } from './libvirt-error.ts';
import type { GuestMemory } from './qemu.ts';
import type { VolumeFile } from './volume-file.ts';
import type { Definition, Domain } from './world.ts';

/** The metadata that a daemon keeps of one snapshot, as data. */
export interface SnapshotRecord {
  readonly name: string;
  readonly parent: string | null;
  readonly description: string | null;
  readonly createdAtEpochMs: number;
  readonly state: SnapshotView['state'];
  readonly memory: SnapshotView['memory'];
  readonly disks: readonly SnapshotDisk[];
  /** Claims and all, as it was at that moment. */
  readonly definition: Definition;
  /** Disks of which the layer above was being merged when the daemon died. */
  readonly unfinishedDeletion: readonly string[];
}

/** What an internal snapshot keeps inside the images themselves. */
export interface InternalState {
  readonly files: readonly { readonly path: string; readonly file: VolumeFile }[];
  readonly memory: GuestMemory | null;
}

/** All snapshots of one domain, parents before their children. */
export interface SnapshotBook {
  records: readonly SnapshotRecord[];
  current: string | null;
  /** By name; kept also where the metadata are gone. */
  readonly internal: Map<string, InternalState>;
}

export function newSnapshotBook(): SnapshotBook {
  return { records: [], current: null, internal: new Map() };
}

export function findRecord({ snapshots }: Domain, name: string): SnapshotRecord | null {
  return snapshots.records.find((record) => record.name === name) ?? null;
}

/** @throws FailureError noSnapshot */
export function requireRecord(domain: Domain, name: string): SnapshotRecord {
  const record = findRecord(domain, name);
  if (record !== null) return record;
  const message = `Domain snapshot not found: no domain snapshot with matching name '${name}'`;
  throw libvirtError('noSnapshot', message);
}

export function replaceRecord({ snapshots }: Domain, changed: SnapshotRecord): void {
  snapshots.records = snapshots.records.map((record) =>
    record.name === changed.name ? changed : record,
  );
}

/** Its children become its parent's; so does being the current one. */
export function dropRecord({ snapshots }: Domain, { name, parent }: SnapshotRecord): void {
  snapshots.records = snapshots.records
    .filter((record) => record.name !== name)
    .map((record) => (record.parent === name ? { ...record, parent } : record));
  if (snapshots.current === name) snapshots.current = parent;
}

export function childrenOf({ snapshots }: Domain, name: string): SnapshotRecord[] {
  return snapshots.records.filter(({ parent }) => parent === name);
}

/** Children last, so that the other way round they go before their parents. */
export function descendantsOf(domain: Domain, name: string): SnapshotRecord[] {
  return childrenOf(domain, name).flatMap((child) => [child, ...descendantsOf(domain, child.name)]);
}

export function viewsOf(domain: Domain): SnapshotView[] {
  return domain.snapshots.records.map(({ definition, ...record }) => {
    const held = record.disks.filter(({ kind }) => kind !== 'no').map((disk) => disk.targetDev);
    return {
      ...record,
      children: childrenOf(domain, record.name).map(({ name }) => name),
      current: domain.snapshots.current === record.name,
      frozenPaths: definition.disks.flatMap(({ targetDev, path }) =>
        held.includes(targetDev) ? [{ targetDev, path }] : [],
      ),
      hasDefinition: true,
    };
  });
}
