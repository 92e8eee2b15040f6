import type { FailureError } from '../../ports/failure.ts';
import type { MigrateCall } from '../../ports/migration.ts';
import { readDiskPaths } from './domain-xml.ts';
import type { FaultScript } from './faults.ts';
import { libvirtError } from './libvirt-error.ts';
import type { Migration, MigrationJob } from './migration-job.ts';
import { gapsMs } from './migration-job.ts';
import { migratePeer2Peer } from './migration.ts';
import type { Qemu } from './qemu.ts';
import { hostOfUri } from './uri.ts';
import type { Definition, Domain, Host, World } from './world.ts';
import { lifeOf } from './world.ts';

export interface Request {
  readonly world: World;
  readonly faults: FaultScript;
  readonly source: Host;
  readonly call: MigrateCall;
}

/** libvirt's "is allowed" and "is safe" (qemuMigrationSrcBegin); `null`: it may migrate. */
export function judge({ source, call }: Pick<Request, 'source' | 'call'>): FailureError | null {
  const domain = source.domains.get(call.domainUuid);
  if (domain === undefined) return noDomain(call.domainUuid);
  if (domain.qemu === null) return libvirtError('operationInvalid', 'domain is not running');
  const { definition } = domain;
  const why = [
    definition.snapshotCount > 0 && `domain has ${definition.snapshotCount} snapshots`,
    definition.hostDevices.length > 0 && 'domain has assigned host devices',
  ].find((each) => each !== false);
  if (why !== undefined)
    return libvirtError(
      'operationInvalid',
      `Requested operation is not valid: cannot migrate: ${why}`,
    );
  const isUnsafe = definition.disks.some(
    ({ targetDev, readOnly }) => !readOnly && !call.copyDisks.includes(targetDev),
  );
  if (isUnsafe && !call.options.unsafe)
    return libvirtError(
      'migrateUnsafe',
      'Unsafe migration: Migration without shared storage is unsafe',
    );
  return null;
}

/** The source's job, from its first check to its end. */
export async function beginMigration(request: Request): Promise<void> {
  const { world, source, call } = request;
  const isAlive = lifeOf(source);
  const domain = source.domains.get(call.domainUuid);
  if (domain === undefined) throw noDomain(call.domainUuid);
  await world.pass(gapsMs.jobStarts, isAlive);
  if (domain.job !== null)
    throw libvirtError('operationInvalid', 'another migration job is already running');
  const problem = judge(request);
  if (problem !== null) throw problem;
  if (domain.qemu === null) throw libvirtError('operationInvalid', 'domain is not running');
  const job: MigrationJob = {
    direction: 'out',
    phase: null,
    guestRan: domain.qemu.vcpus === 'running',
    abortRequested: false,
  };
  domain.job = job;
  domain.qemu.stream = null;
  domain.qemu.mirror = null;
  domain.qemu.maxDowntimeMs = call.options.maxDowntimeMs ?? domain.qemu.maxDowntimeMs;
  try {
    const migration = plan(request, domain, domain.qemu);
    world.changed();
    const { options, persistent } = call;
    const definition = persistent && !options.keepSource ? 'undefine' : 'keep';
    await migratePeer2Peer(migration, job, { definition });
  } finally {
    if (isAlive() && domain.job === job) domain.job = null;
    world.changed();
  }
}

/** Other calls that change a domain wait for its migration, but not for ever. */
export async function untilNoJob(world: World, host: Host, domain: Domain): Promise<void> {
  const until = (): boolean => domain.job === null;
  const whileAlive = lifeOf(host);
  if ((await world.wait({ until, whileAlive, atMostMs: gapsMs.jobLock })) === 'elapsed')
    throw libvirtError(
      'operationTimeout',
      'Timed out during operation: cannot acquire state change lock',
    );
}

export function noDomain(uuid: string): FailureError {
  return libvirtError('noDomain', `Domain not found: no domain with matching uuid '${uuid}'`);
}

function plan({ world, faults, source, call }: Request, domain: Domain, qemu: Qemu): Migration {
  const { options, persistent, copyDisks } = call;
  const destination = hostOfUri(world, options.destinationConnectUri);
  if (destination === null)
    throw libvirtError('systemError', `unable to resolve '${options.destinationConnectUri}'`);
  return {
    world,
    faults,
    source,
    destination,
    outgoing: domain,
    outgoingQemu: qemu,
    bandwidthMibPerS: options.bandwidthMibPerS,
    autoConverge: options.autoConverge,
    migrationUri: options.migrationUri,
    copyStorage: options.copyStorage,
    copyDisks,
    incoming: {
      name: options.destinationName ?? domain.name,
      definition: movedTo(domain.definition, options.destinationXml),
      persistent: persistent && options.persistence === 'asBefore',
    },
  };
}

/** The definition with the disk paths that the destination's XML names. */
function movedTo(definition: Definition, destinationXml: string | null): Definition {
  if (destinationXml === null) return definition;
  const paths = readDiskPaths(destinationXml);
  const disks = definition.disks.map((disk) => {
    return { ...disk, path: paths.get(disk.targetDev) ?? disk.path };
  });
  return { ...definition, disks };
}
