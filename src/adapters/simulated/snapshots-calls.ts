import { z } from 'zod';
import type { MergedLayer, OpenFile, Snapshots } from '../../ports/snapshots.ts';
import { chainFrom } from './disk-chain.ts';
import { libvirtError } from './libvirt-error.ts';
import { writtenBy } from './lost-guest.ts';
import type { SimulatedCaller } from './simulated-caller.ts';
import type { SnapshotRecord } from './snapshot-book.ts';
import { findRecord, replaceRecord, requireRecord, viewsOf } from './snapshot-book.ts';
import { createSnapshot } from './snapshot-create.ts';
import { deleteSnapshot } from './snapshot-delete.ts';
import { revertToSnapshot } from './snapshot-revert.ts';
import type { Domain } from './world.ts';

/** What comes back is what was given out; no more is looked at than that. */
const recordSchema = z.custom<SnapshotRecord>(
  (value) =>
    z
      .object({ name: z.string(), parent: z.string().nullable(), state: z.string() })
      .safeParse(value).success,
);

/** {@link Snapshots} of simulated domains; their metadata are written as JSON where libvirt has XML. */
export function snapshotsCalls(caller: SimulatedCaller): Snapshots {
  const { host, world } = caller;
  const placeOf = (uuid: string) => ({ world, host, domain: caller.domain(uuid) });
  return {
    listSnapshots: (uuid, signal) =>
      caller.ask('listSnapshots', signal, () => {
        const domain = host.domains.get(uuid);
        return domain === undefined ? [] : viewsOf(domain);
      }),
    snapshotXml: (uuid, name, signal) =>
      caller.ask('snapshotXml', signal, () =>
        JSON.stringify(requireRecord(caller.domain(uuid), name)),
      ),
    createSnapshot: (uuid, request, signal) =>
      caller.ask('createSnapshot', signal, () => createSnapshot(placeOf(uuid), request), 'unknown'),
    redefineSnapshot: (uuid, xml, options, signal) =>
      caller.ask('redefineSnapshot', signal, () => redefine(caller.domain(uuid), xml, options)),
    clearSnapshotClaims: (uuid, name, signal) =>
      caller.ask('clearSnapshotClaims', signal, () => {
        const domain = host.domains.get(uuid);
        const record = domain === undefined ? null : findRecord(domain, name);
        if (domain === undefined || record === null) return;
        replaceRecord(domain, { ...record, definition: { ...record.definition, claims: [] } });
      }),
    mendSnapshots: (uuid, merged, signal) =>
      caller.ask('mendSnapshots', signal, () => {
        const domain = host.domains.get(uuid);
        for (const record of domain?.snapshots.records ?? [])
          if (domain !== undefined) replaceRecord(domain, mended(record, merged));
      }),
    ...monitorCalls(caller),
    revertToSnapshot: (uuid, name, options, signal) =>
      caller.ask(
        'revertToSnapshot',
        signal,
        () => revertToSnapshot(placeOf(uuid), name, options),
        'unknown',
      ),
    deleteSnapshot: (uuid, name, options, signal) =>
      caller.ask(
        'deleteSnapshot',
        signal,
        () => deleteSnapshot(placeOf(uuid), name, options),
        'unknown',
      ),
  };
}

/** What is asked of QEMU itself. */
function monitorCalls(
  caller: SimulatedCaller,
): Pick<Snapshots, 'dropLeftNodes' | 'findDiskFiles' | 'findOpenFiles'> {
  const { host } = caller;
  return {
    findOpenFiles: (uuid, signal) =>
      caller.ask('findOpenFiles', signal, () => {
        const domain = host.domains.get(uuid);
        if (domain === undefined || domain.qemu === null) return null;
        const left = domain.qemu.openOverlays.map(({ path }) => ({
          path,
          nodes: ['next-storage'],
        }));
        return [...inUseBy(caller, domain), ...left];
      }),
    findDiskFiles: (uuid, signal) =>
      caller.ask('findDiskFiles', signal, () => {
        const domain = host.domains.get(uuid);
        return domain === undefined || domain.qemu === null
          ? null
          : writtenBy(domain).map(({ path }) => path);
      }),
    dropLeftNodes: (uuid, path, signal) =>
      caller.ask('dropLeftNodes', signal, () => {
        const domain = host.domains.get(uuid);
        if (domain === undefined || domain.qemu === null) return [];
        const { qemu } = domain;
        qemu.openOverlays = qemu.openOverlays.filter((overlay) => overlay.path !== path);
        return inUseBy(caller, domain).find((file) => file.path === path)?.nodes ?? [];
      }),
  };
}

/** Layers of its disks, each with the nodes that stand for it. */
function inUseBy(caller: SimulatedCaller, domain: Domain): OpenFile[] {
  return writtenBy(domain).flatMap(({ path: top, targetDev }) =>
    chainFrom(caller, top).map(({ path }, depth) => ({
      path,
      nodes: [`${targetDev}-${depth}-format`, `${targetDev}-${depth}-storage`],
    })),
  );
}

function mended(record: SnapshotRecord, merged: readonly MergedLayer[]): SnapshotRecord {
  const { definition, unfinishedDeletion } = record;
  const disks = definition.disks.map((disk) => {
    const layer = merged.find(
      ({ from, targetDev }) => targetDev === disk.targetDev && from === disk.path,
    );
    return layer === undefined ? disk : { ...disk, ...layer.to };
  });
  return {
    ...record,
    definition: { ...definition, disks },
    unfinishedDeletion: unfinishedDeletion.filter(
      (noted) => !merged.some(({ targetDev }) => targetDev === noted),
    ),
  };
}

/** @throws FailureError invalidArg for a parent that is not there */
function redefine(domain: Domain, text: string, { current }: { readonly current: boolean }): void {
  const record = recordSchema.parse(JSON.parse(text));
  const { snapshots } = domain;
  if (record.parent !== null && findRecord(domain, record.parent) === null)
    throw libvirtError('invalidArg', `parent ${record.parent} for moment ${record.name} not found`);
  if (findRecord(domain, record.name) === null) snapshots.records = [...snapshots.records, record];
  else replaceRecord(domain, record);
  if (current) snapshots.current = record.name;
}
