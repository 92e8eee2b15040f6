import type { SnapshotRequest, SnapshotView } from '../../ports/snapshots.ts';
import { addOverlay } from './disk-chain.ts';
import { endDomain } from './domain-life.ts';
import type { Place } from './domain-life.ts';
import type { DomainWork } from './domain-work.ts';
import { goOnAfter, pauseFor, workOn, writeMemory } from './domain-work.ts';
import { dropFile, fileAt, putFile } from './host-files.ts';
import { libvirtError } from './libvirt-error.ts';
import { memoryFile } from './memory-file.ts';
import type { Qemu } from './qemu.ts';
import { requireCreatable } from './snapshot-refusals.ts';
import { CarrierDied, lifeOf } from './world.ts';

/** What the disks of a lab guest took. */
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
  try {
    await saveMemory(place, request, work, qemu);
    if (request.quiesce) qemu.freeze();
    await place.world.pass(disksTakeMs, lifeOf(place.host));
    if (!qemu.alive)
      throw libvirtError('operationFailed', 'operation failed: domain is not running');
    const { memory } = request;
    if (memory.kind === 'external') putMemory(place, memory.path, qemu);
    const state = request.diskOnly ? 'diskSnapshot' : work.guestRan ? 'running' : 'paused';
    takeDisks(place, request, state);
  } catch (error) {
    if (error instanceof CarrierDied) throw error;
    if (request.memory.kind === 'external') dropFile(place.world, place.host, request.memory.path);
    throw error;
  } finally {
    if (place.domain.work === work) {
      if (request.quiesce) qemu.thaw();
      goOnAfter(place, work);
    }
  }
  if (request.halt) endDomain(place, 'fromSnapshot');
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
  if (memory.kind === 'external')
    putFile(world, host, memory.path, memoryFile(null, domain.definition.memoryBytes));
  if (!live) pauseFor(place, work, 'snapshot');
  await writeMemory(place, work, qemu);
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
