import type { DomainJob } from '../../ports/domain.ts';
import { untilNoJob } from './domain-job.ts';
import type { Place } from './domain-life.ts';
import { pauseVcpus, runVcpus } from './domain-life.ts';
import { libvirtError } from './libvirt-error.ts';
import type { Qemu } from './qemu.ts';
import type { Domain } from './world.ts';
import { lifeOf } from './world.ts';

/** A long job of a daemon on one domain that is no migration; it ends with its daemon. */
export interface DomainWork {
  readonly operation: Exclude<DomainJob['operation'], 'none' | 'migrationIn' | 'migrationOut'>;
  /** The state that a daemon which is started again brings back. */
  readonly guestRan: boolean;
  abortRequested: boolean;
  /** Since when the memory is being written; `null`: it is not. */
  writingSinceEpochMs: number | null;
}

/**
 * Does it as the only job on the domain.
 *
 * @throws FailureError jobActive where another one does not end in time; CarrierDied with the daemon
 */
export async function workOn<T>(
  place: Place,
  operation: DomainWork['operation'],
  steps: (work: DomainWork) => Promise<T>,
): Promise<T> {
  const { world, host, domain } = place;
  await untilNoJob(world, host, domain);
  const isAlive = lifeOf(host);
  const guestRan = domain.qemu?.vcpus === 'running';
  const work: DomainWork = {
    operation,
    guestRan,
    abortRequested: false,
    writingSinceEpochMs: null,
  };
  domain.work = work;
  world.changed();
  try {
    return await steps(work);
  } finally {
    if (isAlive()) domain.work = null;
    world.changed();
  }
}

/**
 * The vCPUs stand, or go on, for as long as that many bytes take to a file of the host.
 *
 * @param roomBytes what is free where the file is; `null`: plenty
 */
export async function writeMemory(
  place: Place,
  work: DomainWork,
  qemu: Qemu,
  roomBytes: number | null,
): Promise<void> {
  const { world, host, domain } = place;
  const isAlive = lifeOf(host);
  const until = (): boolean => work.abortRequested || !qemu.alive;
  const atMostMs = Math.ceil((domain.definition.memoryBytes / diskBytesPerS) * 1_000);
  work.writingSinceEpochMs = world.clock.nowEpochMs();
  world.changed();
  await world.wait({ until, atMostMs, whileAlive: isAlive });
  work.writingSinceEpochMs = null;
  if (!qemu.alive) throw libvirtError('operationFailed', 'operation failed: domain is not running');
  if (work.abortRequested) {
    const message = `operation aborted: job '${work.operation}' canceled by client`;
    throw libvirtError('operationAborted', message);
  }
  if (roomBytes !== null && roomBytes < domain.definition.memoryBytes)
    throw libvirtError('operationFailed', 'Unable to write the memory: No space left on device');
}

/** How much of it is in the file; `null` while none is written. */
export function memoryProgress({ definition, work }: Domain, nowEpochMs: number) {
  if (work === null || work.writingSinceEpochMs === null) return null;
  const writtenBytes = ((nowEpochMs - work.writingSinceEpochMs) * diskBytesPerS) / 1_000;
  const totalBytes = definition.memoryBytes;
  const processedBytes = Math.min(totalBytes, Math.floor(writtenBytes));
  const remainingBytes = totalBytes - processedBytes;
  const stream = 'memory';
  return { stream, processedBytes, totalBytes, remainingBytes, bytesPerS: diskBytesPerS };
}

/** About what the lab's disks did. */
const diskBytesPerS = 2 ** 30;

export function pauseFor(place: Place, work: DomainWork, reason: 'save' | 'snapshot'): void {
  if (work.guestRan) pauseVcpus(place, reason, 'paused');
}

export function goOnAfter(place: Place, work: DomainWork): void {
  const { qemu } = place.domain;
  if (work.guestRan && qemu?.alive === true && qemu.vcpus === 'paused')
    runVcpus(place, 'unpaused', 'unpaused');
}

/** What a daemon finds that was started again: the work is lost, and the guest runs if it ran before. */
export function recoverWork(place: Place): void {
  const { domain } = place;
  const { work } = domain;
  const stood = domain.qemu?.vcpus === 'paused';
  domain.work = null;
  if (work === null) return;
  goOnAfter(place, work);
  if (stood && domain.qemu?.vcpus === 'running') domain.reason = 'saveCanceled';
}
