import type { FailureError } from '../../ports/failure.ts';
import { DaemonConnection, PeerLost } from './daemon-connection.ts';
import { endDomain, imagesAreFree, pauseVcpus, runVcpus } from './domain-life.ts';
import type { Incoming } from './incoming.ts';
import { finish, prepare } from './incoming.ts';
import { libvirtError } from './libvirt-error.ts';
import type { StreamEnd } from './memory-stream.ts';
import { MemoryStream } from './memory-stream.ts';
import type { Migration, MigrationJob } from './migration-job.ts';
import { enterPhase, gapsMs } from './migration-job.ts';
import { StorageMirror } from './storage-mirror.ts';
import { lifeOf } from './world.ts';

/** The source daemon's part of one migration, with the means that all its steps use. */
interface Course {
  readonly migration: Migration;
  readonly job: MigrationJob;
  readonly outgoing: StreamEnd;
  readonly connection: DaemonConnection;
  /** Of the source daemon. */
  readonly isAlive: () => boolean;
}

/**
 * virDomainMigrateToURI3 with PEER2PEER, as the source daemon runs it (doPeer2PeerMigrate3).
 *
 * @throws FailureError as libvirt would answer; CarrierDied when the source daemon died
 */
export async function migratePeer2Peer(
  migration: Migration,
  job: MigrationJob,
  after: { readonly definition: 'keep' | 'undefine' },
): Promise<void> {
  const { world, source, outgoing: domain, outgoingQemu } = migration;
  const isAlive = lifeOf(source);
  await connect(migration, isAlive);
  const outgoing = { world, host: source, domain, qemu: outgoingQemu };
  const connection = new DaemonConnection(migration);
  const course: Course = { migration, job, outgoing, connection, isAlive };
  try {
    enterPhase(migration, job, 'begin3');
    await world.pass(gapsMs.begins, isAlive);
    const incoming = await connection.call(() => prepare(migration, connection));
    await performOrCancel(course, incoming);
    await conclude(course, incoming);
  } finally {
    connection.close();
  }
  await confirm(course, after);
}

async function connect(
  { world, source, destination }: Migration,
  whileAlive: () => boolean,
): Promise<void> {
  const until = (): boolean => world.link.carries(source.name, destination.name);
  const atMostMs = gapsMs.connectGivesUp;
  const met = await world.wait({ until, atMostMs, whileAlive });
  if (met === 'elapsed' || !destination.daemon.up) {
    const why = met === 'elapsed' ? 'Connection timed out' : 'Connection refused';
    throw libvirtError(
      'systemError',
      `unable to connect to server at '${destination.name}': ${why}`,
    );
  }
  await world.pass(gapsMs.connects, whileAlive);
}

/** PERFORM3, and step E where it fails. */
async function performOrCancel(course: Course, incoming: Incoming): Promise<void> {
  const { migration, job, outgoing, connection, isAlive } = course;
  try {
    await perform(course, incoming);
  } catch (error) {
    if (!isAlive()) throw error;
    const { stream, mirror } = outgoing.qemu;
    stream?.cancel();
    void mirror?.end();
    await migration.world.wait({
      until: () => (stream?.hasEnded ?? true) && mirror?.state !== 'ending',
      whileAlive: isAlive,
    });
    await connection
      .call(() => finish(migration, incoming, 'cancelled'))
      .catch((lost: unknown) => {
        if (!(lost instanceof PeerLost)) throw lost;
      });
    enterPhase(migration, job, 'confirm3Cancelled');
    restoreGuest(course);
    throw error;
  }
}

async function perform(course: Course, incoming: Incoming): Promise<void> {
  const { migration, job, outgoing } = course;
  const { world, bandwidthMibPerS, copyDisks } = migration;
  const limitBytesPerS = bandwidthMibPerS === 0 ? Infinity : bandwidthMibPerS * 2 ** 20;
  const ends = { source: outgoing, destination: incoming, limitBytesPerS };
  await world.pass(gapsMs.performs, course.isAlive);
  enterPhase(migration, job, 'perform3');
  if (migration.copyStorage !== 'none') {
    const mirror = new StorageMirror({ ...ends, copyDisks });
    outgoing.qemu.mirror = mirror;
    void mirror.run();
    await untilDone(course, () => mirror.state === 'ready');
  }
  await untilDone(course, () => true);
  if (migration.migrationUri === null && !world.hosts.has(migration.destination.hostname))
    throw libvirtError(
      'systemError',
      `Unable to resolve address '${migration.destination.hostname}' service '49152'`,
    );
  const stream = new MemoryStream({ ...ends, autoConverge: migration.autoConverge });
  outgoing.qemu.stream = stream;
  void stream.run();
  await untilDone(course, () => stream.status === 'pre-switchover');
  void outgoing.qemu.mirror?.end();
  await untilDone(course, () => outgoing.qemu.mirror?.state !== 'ending');
  stream.continue();
  await untilDone(course, () => stream.status === 'completed');
  await world.pass(gapsMs.performIsDone, course.isAlive);
  enterPhase(migration, job, 'perform3Done');
}

async function untilDone(course: Course, done: () => boolean): Promise<void> {
  const until = (): boolean => problemOf(course) !== null || done();
  await course.migration.world.wait({ until, whileAlive: course.isAlive });
  const problem = problemOf(course);
  if (problem !== null) throw problem;
}

/** What ends PERFORM3, in the order in which libvirt looks for it. */
function problemOf({ job, outgoing, connection }: Course): FailureError | null {
  const { stream, mirror, alive } = outgoing.qemu;
  if (!alive) return libvirtError('operationFailed', 'domain is not running');
  if (job.abortRequested)
    return libvirtError('operationAborted', 'migration out job: canceled by client');
  if (!connection.source.open) return new PeerLost();
  if (mirror?.state === 'failed')
    return libvirtError('operationFailed', 'migration of disk failed: Input/output error');
  if (stream?.status === 'failed')
    return libvirtError('operationFailed', 'migration out job: unexpectedly failed');
  return null;
}

/** Finish on the destination; without its answer the source takes the guest back. */
async function conclude(course: Course, incoming: Incoming): Promise<void> {
  const { migration, job, connection, isAlive } = course;
  try {
    await connection.call(() => finish(migration, incoming, 'succeeded'));
  } catch (error) {
    if (!isAlive()) throw error;
    enterPhase(migration, job, 'confirm3Cancelled');
    restoreGuest(course);
    throw error;
  }
}

/** qemuMigrationSrcRestoreDomainState: a guest that ran before runs again, where QEMU lets it. */
export function restoreGuest({ job, outgoing }: Pick<Course, 'job' | 'outgoing'>): void {
  if (!job.guestRan || outgoing.domain.state !== 'paused' || !outgoing.qemu.alive) return;
  if (imagesAreFree(outgoing)) runVcpus(outgoing, 'migrationCanceled', 'migrated');
  else pauseVcpus(outgoing, 'apiError', 'apiError');
}

/** CONFIRM3: the source's copy ends. */
async function confirm(course: Course, after: { definition: 'keep' | 'undefine' }): Promise<void> {
  const { migration, job, outgoing, isAlive } = course;
  const { world, source, outgoing: domain } = migration;
  await world.pass(gapsMs.confirms, isAlive);
  enterPhase(migration, job, 'confirm3');
  await world.pass(gapsMs.qemuEnds, isAlive);
  if (after.definition === 'undefine') domain.persistent = false;
  endDomain(outgoing, 'migrated');
  world.tell(source, domain.uuid, { kind: 'jobCompleted' });
}
