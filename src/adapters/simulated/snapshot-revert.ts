import type { RevertOptions } from '../../ports/snapshots.ts';
import { addOverlay, chainFrom, lastTickOn } from './disk-chain.ts';
import type { Place } from './domain-life.ts';
import { workOn } from './domain-work.ts';
import { fileAt, putFile } from './host-files.ts';
import { libvirtError } from './libvirt-error.ts';
import { memoryIn } from './memory-file.ts';
import type { GuestMemory } from './qemu.ts';
import { Qemu } from './qemu.ts';
import type { SnapshotRecord } from './snapshot-book.ts';
import { requireRecord } from './snapshot-book.ts';
import type { Domain } from './world.ts';
import { lifeOf } from './world.ts';

/** First libvirt that reverts to snapshots with external files. */
const externalRevertVersion = 9_009_000;
/** A running guest is stopped and another QEMU started, also where it runs afterwards. */
const revertTakesMs = 300;

/** virDomainRevertToSnapshot. @throws FailureError noSnapshot, revertUnsupported */
export async function revertToSnapshot(
  place: Place,
  name: string,
  options: RevertOptions,
): Promise<void> {
  const record = requireRecord(place.domain, name);
  const isExternal = record.disks.some(({ kind }) => kind === 'external');
  if (isExternal && place.host.libvirtVersion < externalRevertVersion)
    throw libvirtError('revertUnsupported', 'revert to external snapshot not supported yet');
  await workOn(place, 'snapshotRevert', async () => {
    stop(place);
    await place.world.pass(revertTakesMs, lifeOf(place.host));
    const memory = memoryOf(place, record);
    place.domain.definition = record.definition;
    if (isExternal) branchOff(place, record);
    else putBack(place, record);
    place.domain.snapshots.current = name;
    start(place, record, memory, options);
  });
}

function stop({ world, host, domain }: Place): void {
  if (domain.qemu === null) return;
  domain.qemu.kill();
  domain.qemu = null;
  world.tell(host, domain.uuid, { kind: 'stopped', detail: 'fromSnapshot' });
  setState(domain, 'shutoff');
}

/** @throws FailureError systemError, when the guest is down already, as in libvirt */
function memoryOf({ world, host, domain }: Place, record: SnapshotRecord): GuestMemory | null {
  const { memory, name } = record;
  if (memory.kind !== 'external') return domain.snapshots.internal.get(name)?.memory ?? null;
  const file = fileAt(world, host, memory.path);
  const guest = file === undefined ? null : memoryIn(file);
  if (guest !== null) return guest;
  throw libvirtError('systemError', `Failed to open file '${memory.path}'`);
}

function putBack({ world, host, domain }: Place, { name }: SnapshotRecord): void {
  for (const { path, file } of domain.snapshots.internal.get(name)?.files ?? [])
    putFile(world, host, path, file);
}

/**
 * What the snapshot keeps stays as it is: the guest goes on with new layers over it. libvirt names them
 * by the second, and refuses a second revert within it, when the guest is down already.
 */
function branchOff(place: Place, record: SnapshotRecord): void {
  const suffix = Math.floor(place.world.clock.nowEpochMs() / 1000);
  for (const { kind, targetDev } of record.disks) {
    const disk = record.definition.disks.find((each) => each.targetDev === targetDev);
    if (kind !== 'external' || disk === undefined) continue;
    if (chainFrom(place, disk.path).length === 0)
      throw libvirtError('systemError', `Cannot access storage file '${disk.path}'`);
    const path = `${disk.path}.${suffix}`;
    if (fileAt(place.world, place.host, path) !== undefined)
      throw libvirtError(
        'configUnsupported',
        `external snapshot file for disk ${targetDev} already exists and is not a block device: ${path}`,
      );
    addOverlay(place, targetDev, { path, format: 'qcow2' });
  }
}

function start(
  place: Place,
  record: SnapshotRecord,
  memory: GuestMemory | null,
  { resumeAs }: RevertOptions,
): void {
  const { world, host, domain } = place;
  const stateThen = record.state === 'running' || record.state === 'paused' ? record.state : null;
  const wanted = resumeAs === 'asSnapshot' ? stateThen : resumeAs;
  if (wanted === null) return;
  const qemu = new Qemu(world, host, domain.uuid, { images: 'held' });
  domain.qemu = qemu;
  if (memory === null) qemu.boot(lastTickOn(place, domain.definition.disks[0]?.path ?? ''));
  else qemu.load(memory);
  if (wanted === 'running') qemu.run();
  setState(domain, wanted);
  world.tell(host, domain.uuid, { kind: 'started', detail: 'fromSnapshot' });
  if (wanted === 'running')
    world.tell(host, domain.uuid, { kind: 'resumed', detail: 'fromSnapshot' });
}

function setState(domain: Domain, state: 'running' | 'paused' | 'shutoff'): void {
  domain.state = state;
  domain.reason = 'fromSnapshot';
}
