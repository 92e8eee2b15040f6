import { dirname } from 'node:path/posix';
import type { SnapshotRequest, SnapshotView } from '../../ports/snapshots.ts';
import { addOverlay, createLayer, topOf } from './disk-chain.ts';
import { endDomain } from './domain-life.ts';
import type { Place } from './domain-life.ts';
import type { DomainWork } from './domain-work.ts';
import { goOnAfter, pauseFor, workOn, writeMemory } from './domain-work.ts';
import { dropFile, fileAt, freeBytes, putFile } from './host-files.ts';
import { libvirtError } from './libvirt-error.ts';
import { memoryFile } from './memory-file.ts';
import type { Qemu } from './qemu.ts';
import { requireCreatable } from './snapshot-refusals.ts';
import { CarrierDied, lifeOf } from './world.ts';

/** What the disks of a lab guest took: half of it until their overlays are open, then QEMU's transaction. */
const disksTakeMs = 8;
/** libvirt writes `NAME.xml.new` first; a longer name fails only after everything was done. */
const nameBytesMax = 247;

/** virDomainSnapshotCreateXML. @throws FailureError; CarrierDied with the daemon, in the middle of it */
export async function createSnapshot(place: Place, request: SnapshotRequest): Promise<void> {
  requireCreatable(place, request);
  await workOn(place, 'snapshot', async (work) => {
    requireCreatable(place, request);
    const { qemu } = place.domain;
    if (qemu === null) await takeOffline(place, request);
    else await takeActive(place, request, work, qemu);
  });
}

async function takeOffline(place: Place, request: SnapshotRequest): Promise<void> {
  await place.world.pass(disksTakeMs, lifeOf(place.host));
  takeDisks(place, request, 'shutoff');
}

async function takeActive(
  place: Place,
  request: SnapshotRequest,
  work: DomainWork,
  qemu: Qemu,
): Promise<void> {
  const isAlive = lifeOf(place.host);
  try {
    await saveMemory(place, request, work, qemu);
    if (request.quiesce) qemu.freeze();
    await openOverlays(place, request, qemu);
    const { memory } = request;
    if (memory.kind === 'external') putMemory(place, memory.path, qemu);
    const state = request.diskOnly ? 'diskSnapshot' : work.guestRan ? 'running' : 'paused';
    takeDisks(place, request, state);
  } catch (error) {
    if (error instanceof CarrierDied) throw error;
    if (request.memory.kind === 'external') dropFile(place.world, place.host, request.memory.path);
    throw error;
  } finally {
    // A daemon that died leaves the guest as it is until it is back.
    if (isAlive() && place.domain.work === work) {
      if (request.quiesce) qemu.thaw();
      goOnAfter(place, work);
    }
  }
  if (request.halt) endDomain(place, 'fromSnapshot');
}

/**
 * A daemon that dies in between leaves them open. One that is started later counts the names of nodes
 * anew from what it knows, so that QEMU refuses its next one once (seen on libvirt 9.0).
 */
async function openOverlays(place: Place, request: SnapshotRequest, qemu: Qemu): Promise<void> {
  const { host, world } = place;
  await world.pass(disksTakeMs / 2, lifeOf(host));
  const before = qemu.openOverlays;
  const overlays = request.disks.filter(({ kind }) => kind === 'external');
  if (overlays.length > 0 && before.some(({ isNext }) => isNext)) {
    qemu.openOverlays = before.map((each) => ({ ...each, isNext: false }));
    const refusal = "Duplicate nodes with node-name='next-storage'";
    throw libvirtError(
      'internalError',
      `unable to execute QEMU command 'blockdev-add': ${refusal}`,
    );
  }
  const open = overlays.flatMap(({ format, overlayPath: path, targetDev }) =>
    path === null ? [] : { path, format: format ?? 'qcow2', top: topOf(place, targetDev) },
  );
  if (!request.reuseExternal)
    for (const { format, path, top } of open)
      createLayer(place, { path, format }, top.virtualSizeBytes, top);
  qemu.openOverlays = [...before, ...open.map(({ path }) => ({ path, isNext: true }))];
  await world.pass(disksTakeMs / 2, lifeOf(host));
  qemu.openOverlays = before;
  if (qemu.alive) return;
  if (!request.reuseExternal) for (const { path } of open) dropFile(world, host, path);
  throw libvirtError('operationFailed', 'operation failed: domain is not running');
}

/** What stands in the file is replaced without a word, as libvirt does it. */
async function saveMemory(
  place: Place,
  { live, memory }: SnapshotRequest,
  work: DomainWork,
  qemu: Qemu,
): Promise<void> {
  const { world, host, domain } = place;
  if (memory.kind === 'none') return;
  const isFile = memory.kind === 'external';
  const room = isFile ? freeBytes(world, host, dirname(memory.path)) : null;
  if (isFile) putFile(world, host, memory.path, memoryFile(null, domain.definition.memoryBytes));
  if (!live) pauseFor(place, work, 'snapshot');
  await writeMemory(place, work, qemu, room);
  // QEMU itself writes into a disk's file, without a migration to tell of.
  if (isFile) world.tell(host, domain.uuid, { kind: 'jobCompleted' });
  if (live) pauseFor(place, work, 'snapshot');
}

function putMemory({ world, host, domain }: Place, path: string, qemu: Qemu): void {
  putFile(world, host, path, memoryFile(qemu.memory, domain.definition.memoryBytes));
}

function takeDisks(place: Place, request: SnapshotRequest, state: SnapshotView['state']): void {
  const { world, host, domain } = place;
  const { disks, memory, name } = request;
  const { definition, snapshots } = domain;
  if (disks.some(({ kind }) => kind === 'internal')) {
    const files = definition.disks.flatMap(({ path }) => {
      const file = fileAt(world, host, path);
      return file === undefined ? [] : [{ path, file }];
    });
    snapshots.internal.set(name, { files, memory: domain.qemu?.memory ?? null });
  }
  const how = request.reuseExternal ? 'reuse' : 'create';
  for (const { format, kind, overlayPath, targetDev } of disks)
    if (kind === 'external' && overlayPath !== null)
      addOverlay(place, targetDev, { path: overlayPath, format: format ?? 'qcow2' }, how);
  if (request.noMetadata) return;
  if (Buffer.byteLength(name) > nameBytesMax)
    throw libvirtError('internalError', `unable to save metadata for snapshot ${name}`);
  const { current: parent } = snapshots;
  const { description } = request;
  const createdAtEpochMs = Math.floor(world.clock.nowEpochMs() / 1000) * 1000;
  const about = { name, parent, description, createdAtEpochMs, state, memory, disks };
  snapshots.records = [...snapshots.records, { ...about, definition, unfinishedDeletion: [] }];
  snapshots.current = name;
}
