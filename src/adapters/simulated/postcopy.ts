import type { QemuMigrationStatus } from '../../ports/observation.ts';
import type { Place } from './domain-life.ts';
import { endDomain, tellRun } from './domain-life.ts';
import { libvirtError } from './libvirt-error.ts';
import type { StreamEnd } from './memory-stream.ts';
import type { MigrationJob, MigrationPhase } from './migration-job.ts';
import { gapsMs, migrationPhases } from './migration-job.ts';
import type { Domain } from './world.ts';
import { CarrierDied, lifeOf } from './world.ts';

/** virDomainObjIsPostcopy: half of the guest's memory may be elsewhere. */
export function isPostcopy({ reason }: Domain): boolean {
  return reason === 'postcopy' || reason === 'postcopyFailed';
}

export function isFailedPostcopy({ reason }: Domain): boolean {
  return reason === 'postcopyFailed';
}

/** qemuMigrationSrcPostcopyFailed: the guest stays paused, and so does its job. */
export function failSource({ world, host, domain }: Place): void {
  if (domain.state !== 'paused' || isFailedPostcopy(domain)) return;
  domain.reason = 'postcopyFailed';
  world.tell(host, domain.uuid, { kind: 'suspended', detail: 'postcopyFailed' });
  world.changed();
}

/** qemuMigrationDstPostcopyFailed: the guest goes on with the memory that it has. */
export function failDestination({ world, host, domain }: Place): void {
  if (domain.qemu === null || isFailedPostcopy(domain)) return;
  const isRunning = domain.state === 'running';
  if (isRunning) domain.reason = 'postcopyFailed';
  const kind = isRunning ? 'resumed' : 'suspended';
  world.tell(host, domain.uuid, { kind, detail: 'postcopyFailed' });
  world.changed();
}

/** qemuMigrationDstComplete in post-copy: a second event tells that all of the guest is here. */
export function completeDestination(place: Place): void {
  if (place.domain.state === 'running') tellRun(place, 'migrated', 'migrated');
}

/** What a daemon makes of QEMU's own word about its migration (qemuProcessHandleMigrationStatus). */
export function hearStatus(end: StreamEnd, status: QemuMigrationStatus): void {
  const { world, host, domain, qemu } = end;
  if (!host.daemon.up || !qemu.alive) return;
  world.tell(host, domain.uuid, { kind: 'migrationStatus', status });
  const { job } = domain;
  if (job === null) return;
  const isSource = job.direction === 'out';
  if (status === 'postcopy-active' && isSource && domain.reason === 'migration') {
    domain.reason = 'postcopy';
    world.tell(host, domain.uuid, { kind: 'suspended', detail: 'postcopy' });
  } else if (status === 'postcopy-paused' && isSource) failSource(end);
  else if (status === 'postcopy-recover' && isFailedPostcopy(domain)) {
    domain.reason = 'postcopy';
    const kind = isSource ? 'suspended' : 'resumed';
    world.tell(host, domain.uuid, { kind, detail: 'postcopy' });
  } else if (status === 'completed') completeUnattended(end, job);
}

/**
 * A post-copy that nobody looks after any more and that QEMU has ended: the daemon ends its side
 * (qemuMigrationProcessUnattended). The source's definition stays, for nobody asks for its end.
 */
export function completeUnattended(end: StreamEnd, job: MigrationJob): void {
  if (job.attended || job.phase !== 'postcopyFailed') return;
  if (job.direction === 'in') {
    completeDestination(end);
    end.domain.job = null;
    end.world.changed();
  } else void endSource(end, job);
}

async function endSource(end: StreamEnd, job: MigrationJob): Promise<void> {
  const { world, host, domain } = end;
  job.attended = true;
  job.phase = 'confirmResume';
  try {
    await world.pass(gapsMs.qemuEnds, lifeOf(host));
    endDomain(end, 'migrated');
    world.tell(host, domain.uuid, { kind: 'jobCompleted' });
  } catch (error) {
    if (!(error instanceof CarrierDied)) throw error;
  }
}

/**
 * Ends a phase of a migration: a failed post-copy keeps its job for a later try, for all others it
 * is over.
 */
export function endJob({ world, domain }: Place, job: MigrationJob): void {
  if (domain.job !== job) return;
  job.attended = false;
  if (isFailedPostcopy(domain)) job.phase = 'postcopyFailed';
  else domain.job = null;
  world.changed();
}

/**
 * qemuMigrationAnyCanResume, and QEMU's own word.
 *
 * @throws FailureError operationInvalid with what stands against it
 */
export function requireResumable(
  domain: Domain,
  direction: MigrationJob['direction'],
  latest: MigrationPhase,
): MigrationJob {
  const { job, name, qemu } = domain;
  const refuse = (why: string) => libvirtError('operationInvalid', `migration of ${name} ${why}`);
  const incoming = direction === 'in' ? ' incoming' : '';
  if (job?.direction !== direction || qemu === null)
    throw refuse(`cannot go on: domain is not processing${incoming} migration`);
  if (job.attended) throw refuse('is being actively monitored by another thread');
  if (!isPostcopy(domain)) throw refuse('is not in post-copy phase');
  if (orderOf(job.phase) < orderOf('postcopyFailed') && !isFailedPostcopy(domain))
    throw refuse('has not failed');
  if (orderOf(job.phase) > orderOf(latest)) throw refuse('is already being resumed');
  return job;
}

function orderOf(phase: MigrationJob['phase']): number {
  return phase === null ? -1 : migrationPhases.indexOf(phase);
}

/** @throws FailureError operationInvalid unless QEMU waits for a new stream */
export function requirePausedStream(status: QemuMigrationStatus | null | undefined): void {
  if (status !== 'postcopy-paused')
    throw libvirtError('operationInvalid', 'QEMU reports migration is still running');
}
