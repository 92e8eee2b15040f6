import type { DaemonConnection } from './daemon-connection.ts';
import { endDomain, forgetIfGone, runVcpus } from './domain-life.ts';
import { libvirtError } from './libvirt-error.ts';
import type { StreamEnd } from './memory-stream.ts';
import type { Migration, MigrationJob } from './migration-job.ts';
import { enterPhase, gapsMs } from './migration-job.ts';
import { Qemu } from './qemu.ts';
import type { Domain, Host } from './world.ts';
import { availableBytes, CarrierDied, lifeOf, poolOf } from './world.ts';

export type Incoming = StreamEnd & { readonly job: MigrationJob };

/** PREPARE on the destination: an empty QEMU that waits for the guest. */
export async function prepare(
  migration: Migration,
  connection: DaemonConnection,
): Promise<Incoming> {
  const { world, destination: host } = migration;
  const whileAlive = lifeOf(host);
  const domain = admit(migration);
  const job: MigrationJob = {
    direction: 'in',
    phase: null,
    guestRan: migration.outgoingQemu.vcpus === 'running',
    abortRequested: false,
  };
  domain.job = job;
  try {
    enterPhase(migration, job, 'prepare');
    await world.pass(gapsMs.destinationIsDefined, whileAlive);
    provideDisks(migration);
    const qemu = new Qemu(world, host, domain.uuid, { images: 'leftToMigrationSource' });
    domain.qemu = qemu;
    domain.state = 'paused';
    domain.reason = 'startingUp';
    world.changed();
    const incoming: Incoming = { world, host, domain, qemu, job };
    void destroyWithConnection(incoming, connection);
    await world.pass(gapsMs.destinationQemuListens, whileAlive);
    if (!qemu.alive) throw libvirtError('operationFailed', 'QEMU ended while it was prepared');
    domain.reason = 'migration';
    world.tell(host, domain.uuid, { kind: 'migrationStatus', status: 'setup' });
    world.tell(host, domain.uuid, { kind: 'started', detail: 'migrated' });
    return incoming;
  } catch (error) {
    if (whileAlive() && domain.job === job) discard(migration, domain);
    throw error;
  }
}

/** FINISH3: the guest goes on here, unless the source has cancelled. */
export async function finish(
  migration: Migration,
  incoming: Incoming,
  verdict: 'succeeded' | 'cancelled',
): Promise<void> {
  const { world, host, domain, job, qemu } = incoming;
  if (verdict === 'cancelled') {
    await endIncoming(incoming, 'failed');
    return;
  }
  const whileAlive = lifeOf(host);
  try {
    enterPhase(migration, job, 'finish3');
    domain.definition = migration.incoming.definition;
    domain.persistent ||= migration.incoming.persistent;
    await world.pass(gapsMs.vcpusStart, whileAlive);
    if (!qemu.alive) throw libvirtError('operationFailed', 'guest unexpectedly quit');
  } catch (error) {
    if (whileAlive()) await endIncoming(incoming, 'failed');
    throw error;
  }
  if (job.guestRan) runVcpus(incoming, 'migrated', 'migrated');
  else {
    qemu.holdsImages = true;
    domain.reason = 'user';
    world.tell(host, domain.uuid, { kind: 'suspended', detail: 'paused' });
  }
  await world.pass(gapsMs.finishEnds, whileAlive);
  if (domain.job === job) domain.job = null;
  world.changed();
}

/** virDomainObjListAdd's checks, then the domain, new or defined here before. */
function admit({ destination, source, outgoing, incoming }: Migration): Domain {
  if (source.hostUuid === destination.hostUuid)
    throw libvirtError('internalError', 'Attempt to migrate guest to the same host');
  const { uuid } = outgoing;
  const known = destination.domains.get(uuid);
  if (known !== undefined && known.name !== incoming.name)
    throw libvirtError('operationFailed', `domain '${known.name}' is already defined with ${uuid}`);
  if (known !== undefined && known.qemu !== null)
    throw libvirtError('operationInvalid', `domain is already active as '${known.name}'`);
  const namesake = [...destination.domains.values()].find(({ name }) => name === incoming.name);
  if (namesake !== undefined && namesake !== known)
    throw libvirtError(
      'operationFailed',
      `domain '${namesake.name}' already exists with uuid ${namesake.uuid}`,
    );
  const domain: Domain = known ?? {
    uuid,
    name: incoming.name,
    definition: incoming.definition,
    persistent: false,
    state: 'shutoff',
    reason: 'unknown',
    qemu: null,
    job: null,
  };
  destination.domains.set(uuid, domain);
  return domain;
}

/** Missing disks are made, in the pool that owns the path; libvirt does not remove them later. */
function provideDisks({ destination, incoming, copyStorage, copyDisks }: Migration): void {
  for (const { targetDev, path, capacityBytes, storage } of incoming.definition.disks) {
    if (storage === 'shared' || destination.files.has(path)) continue;
    if (copyStorage !== 'all' || !copyDisks.includes(targetDev))
      throw libvirtError('systemError', `Cannot access storage file '${path}'`);
    createVolume(destination, path, capacityBytes);
  }
}

function createVolume(host: Host, path: string, capacityBytes: number): void {
  const pool = poolOf(host, path);
  if (pool === undefined)
    throw libvirtError('noStoragePool', `no storage pool with matching target path for '${path}'`);
  if (availableBytes(host, pool) < capacityBytes)
    throw libvirtError('operationFailed', `no space for '${path}' in pool '${pool.name}'`);
  host.files.set(path, { capacityBytes });
}

/** AUTODESTROY: an incoming guest dies with the connection that asked for it. */
async function destroyWithConnection(
  incoming: Incoming,
  { destination: end }: DaemonConnection,
): Promise<void> {
  const { world, host, domain, job } = incoming;
  const isPreparing = (): boolean => domain.job === job && job.phase === 'prepare';
  const until = (): boolean => !end.open || !isPreparing();
  try {
    await world.wait({ until, whileAlive: lifeOf(host) });
    if (isPreparing()) await endIncoming(incoming, 'destroyed');
  } catch (error) {
    if (!(error instanceof CarrierDied)) throw error;
  }
}

/** The QEMU takes its time to end, and only the first who asks for it tells of it. */
async function endIncoming(incoming: Incoming, end: 'destroyed' | 'failed'): Promise<void> {
  const { world, host, domain, qemu } = incoming;
  await world.pass(gapsMs.qemuEnds, lifeOf(host));
  if (domain.qemu === qemu) endDomain(incoming, end);
}

function discard({ world, destination: host }: Migration, domain: Domain): void {
  if (domain.qemu !== null) endDomain({ world, host, domain }, 'failed');
  domain.job = null;
  forgetIfGone(host, domain);
  world.changed();
}
