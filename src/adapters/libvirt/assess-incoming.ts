import {
  errorCodes,
  isLibvirtError,
  isNoNetwork,
  type CallOptions,
  type Connection,
} from 'node-libvirt';
import type { DomainView } from '../../ports/domain.ts';
import type {
  DestinationDisk,
  IncomingView,
  MigrationOptions,
  StayingDisk,
} from '../../ports/migration.ts';
import { readDiskUsers, usesDisk } from './disk-users.ts';
import { lookUpByName, lookUpByUuid } from './domain-reads.ts';
import { parseDomainDefinition } from './domain-xml.ts';
import { findPlace, readCapacity, type VolumePlace } from './volumes.ts';

export interface IncomingRequest {
  readonly domain: DomainView;
  readonly domainXml: string;
  readonly options: MigrationOptions;
  readonly copyDisks: readonly string[];
  readonly stayingDisks: readonly string[];
}

/** Everything that the destination can say beforehand, asked at once. */
export async function assessIncoming(
  connection: Connection,
  request: IncomingRequest,
  options: CallOptions,
): Promise<IncomingView> {
  const { domain } = request;
  const [names, cpu, machineTypeKnown, networksMissing, disks, stayingDisks] = await Promise.all([
    readCollisions(connection, request, options),
    compareCpu(connection, request, options),
    isMachineTypeKnown(connection, domain, options),
    readMissingNetworks(connection, domain.networks, options),
    assessDisks(connection, request, options),
    assessStaying(connection, request, options),
  ]);
  return { ...names, cpu, machineTypeKnown, networksMissing, disks, stayingDisks };
}

/**
 * libvirt takes a domain in when its definition alone is there already; it refuses one that runs,
 * and one where name and uuid belong to different domains.
 */
async function readCollisions(
  connection: Connection,
  { domain, options: { destinationName } }: IncomingRequest,
  options: CallOptions,
): Promise<Pick<IncomingView, 'nameTakenBy' | 'uuidTakenBy' | 'definedThere' | 'halfMovedThere'>> {
  const name = destinationName ?? domain.name;
  const [named, same] = await Promise.all([
    lookUpByName(connection, name, options),
    lookUpByUuid(connection, domain.uuid, options),
  ]);
  const isSameActive = same !== null && (await same.isActive(options));
  const isUuidTaken = same !== null && (isSameActive || same.name !== name);
  const isListed = same !== null && !isUuidTaken;
  const isPersistent = isListed && (await same.isPersistent(options));
  const other = named !== null && named.uuid !== domain.uuid ? named : null;
  return {
    nameTakenBy: other && { uuid: other.uuid, active: await other.isActive(options) },
    uuidTakenBy: isUuidTaken ? { name: same.name, active: isSameActive } : null,
    definedThere: isListed && isPersistent,
    halfMovedThere: isListed && !isPersistent,
  };
}

async function compareCpu(
  connection: Connection,
  { domain, domainXml }: IncomingRequest,
  options: CallOptions,
): Promise<IncomingView['cpu']> {
  const { customCpuXml } = parseDomainDefinition(domainXml);
  if (customCpuXml === null) return 'unknown';
  const { arch, machineType: machine, virtType } = domain;
  try {
    return await connection.compareHypervisorCPU(customCpuXml, {
      ...options,
      arch,
      machine,
      virtType,
    });
  } catch (error) {
    // A host that cannot compare says so in several ways; none of them says that the CPU is wrong.
    if (isLibvirtError(error)) return 'unknown';
    throw error;
  }
}

/** Domain capabilities exist for known machine types only. */
async function isMachineTypeKnown(
  connection: Connection,
  { arch, machineType: machine, virtType }: DomainView,
  options: CallOptions,
): Promise<boolean> {
  try {
    await connection.getDomainCapabilities({ ...options, arch, machine, virtType });
    return true;
  } catch (error) {
    if (isLibvirtError(error, errorCodes.INVALID_ARG, errorCodes.CONFIG_UNSUPPORTED)) return false;
    throw error;
  }
}

async function readMissingNetworks(
  connection: Connection,
  names: readonly string[],
  options: CallOptions,
): Promise<string[]> {
  const found = await Promise.all(
    names.map(async (name) => ({
      name,
      isActive: await isNetworkActive(connection, name, options),
    })),
  );
  return found.flatMap(({ name, isActive }) => (isActive ? [] : [name]));
}

async function isNetworkActive(
  connection: Connection,
  name: string,
  options: CallOptions,
): Promise<boolean> {
  try {
    const network = await connection.networkLookupByName(name, options);
    return await network.isActive(options);
  } catch (error) {
    if (isNoNetwork(error) || isLibvirtError(error, errorCodes.NO_SUPPORT)) return false;
    throw error;
  }
}

async function assessDisks(
  connection: Connection,
  request: IncomingRequest,
  options: CallOptions,
): Promise<DestinationDisk[]> {
  const wanted = wantedDisks(request, request.copyDisks);
  if (wanted.length === 0) return [];
  const everyone = await readDiskUsers(connection, options);
  const users = everyone.filter(({ uuid }) => uuid !== request.domain.uuid);
  return Promise.all(
    wanted.map(async ({ targetDev, path, capacityBytes }) => {
      const { volume, ...place } = await readPlace(connection, path, options);
      const usedBy = users.find((user) => usesDisk(user, path, volume))?.name ?? null;
      return { targetDev, path, capacityBytes, ...place, usedBy };
    }),
  );
}

function assessStaying(
  connection: Connection,
  request: IncomingRequest,
  options: CallOptions,
): Promise<StayingDisk[]> {
  return Promise.all(
    wantedDisks(request, request.stayingDisks).map(async ({ targetDev, path }) => {
      const { pool, volume } = await findPlace(connection, path, options);
      return { targetDev, path, pool: pool?.name ?? null, exists: volume !== null };
    }),
  );
}

/** A disk keeps its path unless the destination's own definition names another one. */
function wantedDisks(
  { domain, options: { destinationXml } }: IncomingRequest,
  names: readonly string[],
): {
  readonly targetDev: string;
  readonly path: string;
  readonly capacityBytes: number;
}[] {
  const placed = destinationXml === null ? domain : parseDomainDefinition(destinationXml);
  return names.flatMap((targetDev) => {
    const path = placed.disks.find((disk) => disk.targetDev === targetDev)?.path ?? null;
    const capacityBytes =
      domain.disks.find((disk) => disk.targetDev === targetDev)?.capacityBytes ?? 0;
    return path === null ? [] : [{ targetDev, path, capacityBytes }];
  });
}

async function readPlace(
  connection: Connection,
  path: string,
  options: CallOptions,
): Promise<
  Pick<DestinationDisk, 'pool' | 'poolAvailableBytes' | 'existing'> & Pick<VolumePlace, 'volume'>
> {
  const { pool, volume } = await findPlace(connection, path, options);
  return {
    volume,
    pool: pool?.name ?? null,
    poolAvailableBytes: pool && Number((await pool.getInfo(options)).availableBytes),
    existing: volume && (await readCapacity(volume, options)),
  };
}
