import type { SnapshotRequest } from '../../ports/snapshots.ts';
import type { Place } from './domain-life.ts';
import { fileAt } from './host-files.ts';
import { libvirtError } from './libvirt-error.ts';
import { findRecord } from './snapshot-book.ts';
import { viewOf } from './views.ts';
import { lengthOf } from './volume-file.ts';

/** Refuses what libvirt refuses before it does anything, in its words. @throws FailureError */
export function requireCreatable(place: Place, request: SnapshotRequest): void {
  const { domain } = place;
  const { name } = request;
  if (!request.noMetadata) {
    if (name.includes('/'))
      throw xmlError(`invalid snapshot name '${name}': name can't contain '/'`);
    if (name.startsWith('.'))
      throw xmlError(`invalid snapshot name '${name}': name can't start with '.'`);
    if (findRecord(domain, name) !== null)
      throw libvirtError(
        'operationFailed',
        `operation failed: domain moment ${name} already exists`,
      );
  }
  if (request.halt && !domain.persistent)
    throw libvirtError('operationInvalid', 'cannot halt after transient domain snapshot');
  requireMemory(place, request);
  requireDisks(place, request);
}

function requireMemory({ domain }: Place, request: SnapshotRequest): void {
  const { diskOnly, live, memory, quiesce } = request;
  if (quiesce && !diskOnly)
    throw libvirtError(
      'invalidArg',
      "Flag 'VIR_DOMAIN_SNAPSHOT_CREATE_DISK_ONLY' is required by flag 'VIR_DOMAIN_SNAPSHOT_CREATE_QUIESCE'",
    );
  if (live && (diskOnly || memory.kind !== 'external'))
    throw libvirtError(
      'operationUnsupported',
      'live snapshot creation is supported only during full system snapshots',
    );
  if (memory.kind !== 'none' && (diskOnly || domain.qemu === null))
    throw xmlError('memory state cannot be saved with offline or disk-only snapshot');
  if (quiesce && domain.qemu !== null && domain.qemu.vcpus !== 'running')
    throw libvirtError('operationInvalid', 'domain is not running');
}

function requireDisks(place: Place, request: SnapshotRequest): void {
  const { disks, diskOnly, memory } = request;
  const kinds = new Set(disks.map(({ kind }) => kind));
  const isExternal = diskOnly || memory.kind === 'external';
  if (isExternal && kinds.has('internal'))
    throw unsupported('mixing internal and external targets for a snapshot is not yet supported');
  if (!isExternal && disks.some(({ kind }) => kind !== 'internal'))
    throw unsupported(`disk '${disks[0]?.targetDev}' must use snapshot mode 'internal'`);
  if (diskOnly && !kinds.has('external')) throw unsupported('nothing selected for snapshot');
  for (const disk of disks) requireDisk(place, request, disk);
  const { qemu } = place.domain;
  if (
    qemu !== null &&
    memory.kind !== 'none' &&
    viewOf(place.host, place.domain).disks.some(hasBlockJob)
  )
    throw libvirtError('operationInvalid', 'domain has active block job');
}

function requireDisk(
  place: Place,
  { reuseExternal }: SnapshotRequest,
  { format, kind, overlayPath, targetDev }: SnapshotRequest['disks'][number],
): void {
  const { world, host, domain } = place;
  const disk = viewOf(host, domain).disks.find((each) => each.targetDev === targetDev);
  if (disk === undefined) throw unsupported(`no disk named '${targetDev}'`);
  if (kind !== 'no' && hasBlockJob(disk))
    throw libvirtError(
      'blockCopyActive',
      `block copy still active: disk '${targetDev}' already in active block job`,
    );
  if (kind === 'internal' && !disk.readOnly && disk.format !== 'qcow2')
    throw unsupported(`internal snapshot for disk ${targetDev} unsupported for storage type`);
  if (kind !== 'external') return;
  if (format !== 'qcow2' && format !== 'qed')
    throw unsupported(`external snapshot format for disk ${targetDev} is unsupported: ${format}`);
  const target = overlayPath === null ? undefined : fileAt(world, host, overlayPath);
  if (reuseExternal && target === undefined)
    throw libvirtError(
      'systemError',
      `missing existing file for disk ${targetDev}: ${overlayPath}`,
    );
  if (!reuseExternal && target !== undefined && lengthOf(target.content) > 0)
    throw unsupported(
      `external snapshot file for disk ${targetDev} already exists and is not a block device: ${overlayPath}`,
    );
}

function hasBlockJob({ blockJob }: { readonly blockJob: string | null }): boolean {
  return blockJob !== null;
}

function unsupported(message: string) {
  return libvirtError('configUnsupported', `unsupported configuration: ${message}`);
}

function xmlError(message: string) {
  return libvirtError('xmlError', message);
}
