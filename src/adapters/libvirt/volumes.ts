import { errorCodes, isLibvirtError, isNoStoragePool, isNoStorageVol } from 'node-libvirt';
import type { CallOptions, Connection, StoragePool, StorageVol } from 'node-libvirt';
import { basename, dirname, normalize } from 'node:path/posix';
import { FailureError } from '../../ports/failure.ts';
import type { VolumeView } from '../../ports/migration.ts';
import { formatVolume, parseVolume } from './volume-xml.ts';

/**
 * The active pool whose target is the path's directory: the only way in which libvirt creates a
 * missing disk of an incoming migration.
 */
async function findPoolOf(
  connection: Connection,
  path: string,
  options: CallOptions,
): Promise<StoragePool | null> {
  try {
    return await connection.storagePoolLookupByTargetPath(dirname(path), options);
  } catch (error) {
    // NO_SUPPORT: a driver without storage, or a libvirt before 4.1.
    if (isNoStoragePool(error) || isLibvirtError(error, errorCodes.NO_SUPPORT)) return null;
    throw error;
  }
}

/** Where a path lies: its pool, and the volume that stands there. */
export interface VolumePlace {
  readonly pool: StoragePool | null;
  readonly volume: StorageVol | null;
}

/** Refreshes the pool first: libvirt knows only the volumes that it listed last. */
export async function findPlace(
  connection: Connection,
  path: string,
  options: CallOptions,
): Promise<VolumePlace> {
  const pool = await findPoolOf(connection, path, options);
  await pool?.refresh(options);
  try {
    return { pool, volume: await connection.storageVolLookupByPath(path, options) };
  } catch (error) {
    if (isNoStorageVol(error) || isLibvirtError(error, errorCodes.NO_SUPPORT)) {
      return { pool, volume: null };
    }
    throw error;
  }
}

export async function readCapacity(
  volume: StorageVol,
  options: CallOptions,
): Promise<{ capacityBytes: number }> {
  const { capacityBytes } = await volume.getInfo(options);
  return { capacityBytes: Number(capacityBytes) };
}

/** `null` where no volume stands, also when it vanishes under the call. */
export async function readVolumeAt(
  connection: Connection,
  path: string,
  options: CallOptions,
): Promise<VolumeView | null> {
  const { volume } = await findPlace(connection, path, options);
  try {
    return volume && parseVolume(await volume.getXMLDesc(options), path);
  } catch (error) {
    if (isNoStorageVol(error)) return null;
    throw error;
  }
}

/**
 * Without any block of it written: the bytes follow by a stream.
 *
 * @throws FailureError `volumeExists`, `noPool`
 */
export async function createVolumeAt(
  connection: Connection,
  path: string,
  fileBytes: number,
  options: CallOptions,
): Promise<void> {
  const { pool, volume } = await findPlace(connection, path, options);
  if (volume !== null) throw refused(connection, 'volumeExists', `${path} exists already`);
  if (pool === null) {
    throw refused(connection, 'noPool', `no active storage pool owns ${dirname(path)}`);
  }
  try {
    await pool.storageVolCreateXML(formatVolume(basename(path), fileBytes), options);
  } catch (error) {
    if (!isLibvirtError(error, errorCodes.STORAGE_VOL_EXIST)) throw error;
    throw refused(connection, 'volumeExists', `${path} exists already`);
  }
}

function refused({ uri }: Connection, code: string, message: string): FailureError {
  return new FailureError({ code, message: `${uri}: ${message}`, effect: 'none' });
}

/**
 * Nothing to do where there is no such volume, also when it vanishes under the call.
 *
 * @throws FailureError `volumeInUse`: another volume is a layer over it
 */
export async function deleteVolumeAt(
  connection: Connection,
  path: string,
  options: CallOptions,
): Promise<void> {
  const { volume } = await findPlace(connection, path, options);
  if (volume === null) return;
  const layer = await findLayerOver(connection, path, options);
  if (layer !== null) throw refused(connection, 'volumeInUse', `${path} is the base of ${layer}`);
  try {
    await volume.delete(options);
  } catch (error) {
    if (!isNoStorageVol(error)) throw error;
  }
}

/** A definition need not name the images below its disk, and a layer need not be anybody's disk yet. */
async function findLayerOver(
  connection: Connection,
  path: string,
  options: CallOptions,
): Promise<string | null> {
  const pools = await connection.listAllStoragePools({ ...options, flags: activePools });
  for (const pool of pools) {
    const volumes = await pool.listAllVolumes(options);
    const views = await Promise.all(volumes.map((volume) => readListed(volume, options)));
    const layer = views.find((view) => view !== null && isBase(view, path));
    if (layer) return layer.path;
  }
  return null;
}

/** VIR_CONNECT_LIST_STORAGE_POOLS_ACTIVE; the others show no volumes. */
const activePools = 2;

const isBase = ({ backingPath }: VolumeView, path: string): boolean =>
  backingPath !== null && normalize(backingPath) === normalize(path);

/** `null`: gone since it was listed. Its key is its path in every pool of files. */
async function readListed(volume: StorageVol, options: CallOptions): Promise<VolumeView | null> {
  try {
    return parseVolume(await volume.getXMLDesc(options), volume.key);
  } catch (error) {
    if (isNoStorageVol(error)) return null;
    throw error;
  }
}
