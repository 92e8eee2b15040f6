import { requireCertificate } from './certificates.ts';
import { libvirtError } from './libvirt-error.ts';
import type { Migration } from './migration-job.ts';
import { transientDomain } from './transient-domain.ts';
import type { VolumeFile } from './volume-file.ts';
import { filledFile } from './volume-file.ts';
import type { Domain, Host } from './world.ts';
import { availableBytes, poolOf } from './world.ts';

/** What the destination refuses before it has anything to clean up. */
export function refuseUnable(migration: Migration, guestRan: boolean): void {
  const { destination, call, incoming } = migration;
  const { options, purpose } = call;
  const { machineType } = incoming.definition;
  if (!destination.machineTypes.includes(machineType))
    throw libvirtError(
      'configUnsupported',
      `unsupported configuration: Emulator does not support machine type '${machineType}'`,
    );
  if (purpose === 'moveOffline') return;
  if (options.postcopy && !guestRan)
    throw libvirtError(
      'argumentUnsupported',
      'post-copy migration is not supported with non-live or paused migration',
    );
  requireCertificate(migration, destination);
}

/** virDomainObjListAdd's checks, then the domain, new or defined here before. */
export function admit({ destination, source, outgoing, incoming }: Migration): Domain {
  if (source.hostUuid === destination.hostUuid)
    throw libvirtError('internalError', 'Attempt to migrate guest to the same host');
  const { uuid } = outgoing;
  const known = destination.domains.get(uuid);
  if (known !== undefined && known.name !== incoming.name)
    throw libvirtError('operationFailed', `domain '${known.name}' is already defined with ${uuid}`);
  if (known !== undefined && known.qemu !== null)
    throw libvirtError('operationInvalid', `domain is already active as '${known.name}'`);
  if (known !== undefined && !known.persistent)
    throw libvirtError('alreadyStarting', `domain '${known.name}' is already being started`);
  if (known !== undefined && known.job !== null)
    throw libvirtError('operationInvalid', 'another migration job is already running');
  const namesake = [...destination.domains.values()].find(({ name }) => name === incoming.name);
  if (namesake !== undefined && namesake !== known)
    throw libvirtError(
      'operationFailed',
      `domain '${namesake.name}' already exists with uuid ${namesake.uuid}`,
    );
  const { definition, name } = incoming;
  const domain = known ?? transientDomain({ uuid, name, definition });
  destination.domains.set(uuid, domain);
  return domain;
}

/** Missing disks are made, in the pool that owns the path; libvirt does not remove them later. */
export function provideDisks({ destination, incoming, call }: Migration): void {
  const { options, copyDisks } = call;
  for (const { targetDev, path, capacityBytes, format, storage } of incoming.definition.disks) {
    if (storage === 'shared' || destination.files.has(path)) continue;
    if (options.copyStorage !== 'all' || !copyDisks.includes(targetDev))
      throw libvirtError('systemError', `Cannot access storage file '${path}'`);
    createDisk(destination, path, filledFile(path, { capacityBytes, format, backingPath: null }));
  }
}

function createDisk(host: Host, path: string, file: VolumeFile): void {
  const pool = poolOf(host, path);
  if (pool === undefined)
    throw libvirtError('noStoragePool', `no storage pool with matching target path for '${path}'`);
  if (availableBytes(host, pool) < file.capacityBytes)
    throw libvirtError('operationFailed', `no space for '${path}' in pool '${pool.name}'`);
  host.files.set(path, file);
}
