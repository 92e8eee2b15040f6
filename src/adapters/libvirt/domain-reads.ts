import {
  errorCodes,
  isLibvirtError,
  isNoDomain,
  listDomainsFlags,
  xmlFlags,
  type CallOptions,
  type Connection,
  type Domain,
} from 'node-libvirt';
import type { DiskView, DomainJob, DomainStatus, DomainView } from '../../ports/domain.ts';
import { camelCase, domainStateName, isActiveState, jobOperationName } from './domain-names.ts';
import { parseDomainDefinition, type DiskDefinition } from './domain-xml.ts';

const uuidPattern = /^[0-9a-f]{8}(-?[0-9a-f]{4}){3}-?[0-9a-f]{12}$/i;

/** By uuid where it looks like one, else by name, as virsh does. */
export async function lookUpDomain(
  connection: Connection,
  nameOrUuid: string,
  options: CallOptions,
): Promise<Domain | null> {
  const byUuid = uuidPattern.test(nameOrUuid)
    ? await lookUpByUuid(connection, nameOrUuid, options)
    : null;
  return byUuid ?? lookUpByName(connection, nameOrUuid, options);
}

export function lookUpByName(
  connection: Connection,
  name: string,
  options: CallOptions,
): Promise<Domain | null> {
  return nullWithoutDomain(connection.domainLookupByName(name, options));
}

export function lookUpByUuid(
  connection: Connection,
  uuid: string,
  options: CallOptions,
): Promise<Domain | null> {
  return nullWithoutDomain(connection.domainLookupByUUID(uuid, options));
}

/** `null` when libvirt answers that there is no such domain (any more). */
export async function nullWithoutDomain<T>(answer: Promise<T>): Promise<T | null> {
  try {
    return await answer;
  } catch (error) {
    if (isNoDomain(error)) return null;
    throw error;
  }
}

/** @throws LibvirtError NO_DOMAIN when it vanishes between two of the reads */
export async function readStatus(domain: Domain, options: CallOptions): Promise<DomainStatus> {
  const { reason, state } = await readState(domain, options);
  const job =
    reason === 'postcopyFailed' ? jobOfBrokenPostcopy(state) : await readJob(domain, options);
  // That question may have waited for a start, a restore or a snapshot to end.
  const [after, persistent] = await Promise.all([
    readState(domain, options),
    domain.isPersistent(options),
  ]);
  return { uuid: domain.uuid, name: domain.name, ...after, persistent, job };
}

export async function readState(
  domain: Domain,
  options: CallOptions,
): Promise<Pick<DomainStatus, 'state' | 'reason'>> {
  const { reason, state } = await domain.getState(options);
  return { state: domainStateName(state), reason: camelCase(reason) };
}

/**
 * Both jobs outlive the break (qemuMigrationSrcPostcopyFailed). Their statistics wait for the domain's
 * job lock, which an attempt to go on holds for as long as QEMU hangs in it.
 */
function jobOfBrokenPostcopy(state: DomainStatus['state']): DomainJob {
  return { operation: state === 'paused' ? 'migrationOut' : 'migrationIn' };
}

/**
 * A job that libvirt holds until its very end, so `completed` counts: a migration that is through
 * on QEMU's side is still being confirmed.
 */
export async function readJob(domain: Domain, options: CallOptions): Promise<DomainJob | null> {
  try {
    const { type, stats } = await domain.getJobStats(options);
    return type === 'none' ? null : { operation: jobOperationName(stats['operation']) };
  } catch (error) {
    // An incoming migration's statistics "are available only on the source host".
    if (isLibvirtError(error, errorCodes.OPERATION_UNSUPPORTED))
      return { operation: 'migrationIn' };
    // No QEMU, or a driver without jobs.
    if (isLibvirtError(error, errorCodes.OPERATION_INVALID, errorCodes.NO_SUPPORT)) return null;
    throw error;
  }
}

/** Status, definition, disks and snapshots: three round trips, each as wide as it can be. */
export async function readView(domain: Domain, options: CallOptions): Promise<DomainView> {
  const [status, xml, snapshotCount, saved] = await Promise.all([
    readStatus(domain, options),
    domain.getXMLDesc(options),
    domain.snapshotNum(options),
    domain.connection.listAllDomains({ ...options, flags: listDomainsFlags.MANAGEDSAVE }),
  ]);
  const { customCpuXml: _, disks, ...definition } = parseDomainDefinition(xml);
  const isActive = isActiveState(status.state);
  return {
    ...status,
    ...definition,
    snapshotCount,
    managedSave: saved.some(({ uuid }) => uuid === domain.uuid),
    disks: await Promise.all(disks.map((disk) => readDisk(domain, disk, isActive, options))),
  };
}

async function readDisk(
  domain: Domain,
  disk: DiskDefinition,
  isActive: boolean,
  options: CallOptions,
): Promise<DiskView> {
  const [sizes, blockJob] = await Promise.all([
    readSizes(domain, disk, options),
    isActive ? domain.getBlockJobInfo(disk.targetDev, options) : null,
  ]);
  return { ...disk, ...sizes, blockJob: blockJob === null ? null : camelCase(blockJob.type) };
}

async function readSizes(
  domain: Domain,
  disk: DiskDefinition,
  options: CallOptions,
): Promise<Pick<DiskView, 'capacityBytes' | 'allocationBytes'>> {
  if (disk.source === 'none') return { capacityBytes: 0, allocationBytes: 0 };
  try {
    const info = await domain.getBlockInfo(disk.targetDev, options);
    return {
      capacityBytes: Number(info.capacityBytes),
      allocationBytes: Number(info.allocationBytes),
    };
  } catch (error) {
    // An inactive domain's disk may be out of the daemon's reach: a missing file, a network source.
    if (isLibvirtError(error) && !isNoDomain(error))
      return { capacityBytes: 0, allocationBytes: 0 };
    throw error;
  }
}

/** The live definition as a migration would send it, without secrets. */
export function readMigratableXml(domain: Domain, options: CallOptions): Promise<string> {
  return domain.getXMLDesc({ ...options, flags: xmlFlags.MIGRATABLE });
}
