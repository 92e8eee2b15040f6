import { FailureError } from '../../ports/failure.ts';
import type { VolumeView } from '../../ports/migration.ts';
import { libvirtError } from './libvirt-error.ts';
import { bytesPerS } from './transfer.ts';
import type { VolumeFile } from './volume-file.ts';
import { emptyFile, headOf, lengthOf } from './volume-file.ts';
import type { Host, World } from './world.ts';
import { availableBytes, lifeOf, poolOf } from './world.ts';

/** The volume at that path of the host's pools. */
export function volumeAt(host: Host, path: string): VolumeView | null {
  const file = poolOf(host, path) && host.files.get(path);
  if (file === undefined) return null;
  const { format, capacityBytes, backingPath } = headOf(file);
  const fileBytes = lengthOf(file.content);
  return {
    path,
    format,
    capacityBytes,
    backingPath,
    fileBytes,
    changedAt: String(file.revision),
  };
}

/** @throws FailureError volumeExists, noPool, or as the pool refuses it */
export function createVolume(host: Host, path: string, fileBytes: number): void {
  if (host.files.has(path)) throw refused('volumeExists', `${path} exists already`);
  const pool = poolOf(host, path);
  if (pool === undefined) throw refused('noPool', `no active storage pool owns ${path}`);
  if (availableBytes(host, pool) < fileBytes)
    throw libvirtError('operationFailed', `no space for '${path}' in pool '${pool.name}'`);
  host.files.set(path, emptyFile(fileBytes));
}

/** @throws FailureError volumeInUse: another file is a layer over it */
export function deleteVolume(host: Host, path: string): void {
  if (poolOf(host, path) === undefined) return;
  const [layer] = [...host.files].find(([, file]) => headOf(file).backingPath === path) ?? [];
  if (layer !== undefined) throw refused('volumeInUse', `${path} is the base of ${layer}`);
  host.files.delete(path);
}

/** @throws FailureError `libvirtError` for a path without a volume */
export function requireVolume(host: Host, path: string): VolumeFile {
  const file = poolOf(host, path) && host.files.get(path);
  if (file === undefined)
    throw libvirtError('noStorageVol', `no storage vol with matching path '${path}'`);
  return file;
}

/** Lets so many bytes pass between us and the host. @throws CarrierDied when the daemon dies */
export async function carry(world: World, host: Host, byteLength: number): Promise<void> {
  const route = { from: host.name, to: host.name, limitBytesPerS: () => Infinity };
  const isWhole = lifeOf(host);
  const whileAlive = (): boolean => isWhole() && world.link.reachesClient(host.name);
  await world.pass(Math.ceil((byteLength * 1_000) / bytesPerS(world, route)), whileAlive);
}

function refused(code: string, message: string): FailureError {
  return new FailureError({ code, message, effect: 'none' });
}
