import type { FailureError } from '../../ports/failure.ts';
import type { MigrationOptions } from '../../ports/migration.ts';
import type { LiveOutgoing, Outgoing } from './begin.ts';
import { withGuest } from './begin.ts';
import { isTrusted, requireCertificate } from './certificates.ts';
import type { Place } from './domain-life.ts';
import { endDomain, forgetIfGone, imagesAreFree, pauseVcpus, runVcpus } from './domain-life.ts';
import { libvirtError } from './libvirt-error.ts';
import type { StreamEnd } from './memory-stream.ts';
import { MemoryStream } from './memory-stream.ts';
import type { MigrationJob } from './migration-job.ts';
import { enterPhase, gapsMs } from './migration-job.ts';
import { failSource, isFailedPostcopy, isPostcopy, requireResumable } from './postcopy.ts';
import { StorageMirror } from './storage-mirror.ts';

/** What PERFORM3 depends on beside the source itself. */
export interface Carriage {
  readonly incoming: StreamEnd;
  /** What ended the connection that the source needs; `null`: it is open, or it needs none. */
  readonly problem: () => FailureError | null;
  /** `null`: the memory goes from QEMU to QEMU. */
  readonly isTunnelWhole: (() => boolean) | null;
}

/** PERFORM3. Failed, the copy is taken back, and what is left to do is to resume the guest. */
export async function perform(outgoing: LiveOutgoing, carriage: Carriage): Promise<void> {
  const { migration, job, end, isAlive } = outgoing;
  try {
    await copy(outgoing, carriage);
    await migration.world.pass(gapsMs.performIsDone, isAlive);
    enterPhase(migration, job, 'perform3Done');
  } catch (error) {
    if (!isAlive()) throw error;
    const { stream, mirror } = end.qemu;
    stream?.cancel();
    void mirror?.end();
    await migration.world.wait({
      until: () => (stream?.hasEnded ?? true) && mirror?.state !== 'ending',
      whileAlive: isAlive,
    });
    throw error;
  }
}

async function copy(outgoing: LiveOutgoing, carriage: Carriage): Promise<void> {
  const { migration, job, end, isAlive } = outgoing;
  const { world, call } = migration;
  const { options } = call;
  await world.pass(gapsMs.performs, isAlive);
  enterPhase(migration, job, 'perform3');
  requireCertificate(migration, migration.source);
  end.qemu.bandwidthBytesPerS =
    options.bandwidthMibPerS > 0 ? options.bandwidthMibPerS * 2 ** 20 : end.qemu.maxSpeedBytesPerS;
  const ends = { source: end, destination: carriage.incoming };
  if (options.copyStorage !== 'none') {
    const limitBytesPerS = end.qemu.bandwidthBytesPerS;
    const mirror = new StorageMirror({ ...ends, limitBytesPerS, copyDisks: call.copyDisks });
    end.qemu.mirror = mirror;
    void mirror.run();
    await untilDone(outgoing, carriage, () => mirror.state === 'ready');
  }
  await untilDone(outgoing, carriage, () => true);
  requireWay(outgoing);
  const stream = new MemoryStream({
    ...ends,
    throttle: throttleOf(options),
    postcopyBytesPerS: options.postcopyBandwidthMibPerS * 2 ** 20 || Infinity,
    isTunnelWhole: carriage.isTunnelWhole,
    onPostcopy: () => migration.faults.reachPostcopy('begun', migration),
    isTrusted: isTrusted(migration),
  });
  end.qemu.stream = stream;
  void stream.run();
  await untilDone(outgoing, carriage, () => stream.status === 'pre-switchover');
  void end.qemu.mirror?.end();
  await untilDone(outgoing, carriage, () => end.qemu.mirror?.state !== 'ending');
  stream.continue();
  const isOver = (): boolean =>
    ['completed', 'postcopy-active', 'postcopy-paused'].includes(stream.status);
  await untilDone(outgoing, carriage, isOver);
}

/** PERFORM_RESUME: a new stream for what is still missing. @throws FailureError as libvirt would */
export async function performResume({ migration, job, end, isAlive }: LiveOutgoing): Promise<void> {
  const { world, source, destination } = migration;
  requireResumable({ ...end.domain, job: { ...job, attended: false } }, 'out', 'beginResume');
  enterPhase(migration, job, 'performResume');
  const { stream } = end.qemu;
  const met = await world.wait({
    until: () => world.link.carries(source.name, destination.name),
    atMostMs: gapsMs.connectGivesUp,
    whileAlive: isAlive,
  });
  if (stream === null || met === 'elapsed' || world.link.refusesStreams) throw failedInPostcopy();
  stream.resume();
  await world.wait({
    until: () => stream.status !== 'postcopy-recover',
    whileAlive: isAlive,
  });
  if (stream.status === 'postcopy-paused') throw failedInPostcopy();
}

function failedInPostcopy(): FailureError {
  return libvirtError('operationFailed', "job 'migration out' failed in post-copy phase");
}

/**
 * CONFIRM3, CONFIRM3_CANCELLED or CONFIRM_RESUME. What Finish could not tell, QEMU may: a post-copy
 * that it has completed is confirmed, and one that it has not is never taken back.
 */
export async function confirm(
  outgoing: Outgoing,
  verdict: 'succeeded' | 'cancelled',
  after: { readonly definition: 'keep' | 'undefine' },
): Promise<'confirmed' | 'takenBack'> {
  const { migration, job, isAlive } = outgoing;
  const { world, source: host, outgoing: domain, call } = migration;
  const place = { world, host, domain };
  const hasCompleted = isPostcopy(domain) && domain.qemu?.stream?.status === 'completed';
  const isConfirmed = verdict === 'succeeded' || hasCompleted;
  if (isConfirmed) await world.pass(gapsMs.confirms, isAlive);
  if (call.purpose === 'resumePostcopy') enterPhase(migration, job, 'confirmResume');
  else if (!isFailedPostcopy(domain))
    enterPhase(migration, job, isConfirmed ? 'confirm3' : 'confirm3Cancelled');
  if (call.purpose === 'moveOffline') return isConfirmed ? 'confirmed' : 'takenBack';
  if (isConfirmed) {
    await world.pass(gapsMs.qemuEnds, isAlive);
    if (after.definition === 'undefine') domain.persistent = false;
    if (domain.qemu !== null) endMigrated(place);
    else forgetIfGone(host, domain);
  } else if (isPostcopy(domain)) failSource(place);
  else if (domain.qemu !== null) restoreGuest({ job, end: withGuest(outgoing).end });
  return isConfirmed ? 'confirmed' : 'takenBack';
}

function endMigrated(place: Place): void {
  endDomain(place, 'migrated');
  place.world.tell(place.host, place.domain.uuid, { kind: 'jobCompleted' });
}

/** qemuMigrationSrcRestoreDomainState: a guest that ran before runs again, where QEMU lets it. */
export function restoreGuest({
  job,
  end,
}: {
  readonly job: MigrationJob;
  readonly end: StreamEnd;
}): void {
  const { domain, qemu } = end;
  if (!job.guestRan || domain.state !== 'paused' || !qemu.alive || isPostcopy(domain)) return;
  if (imagesAreFree(end)) runVcpus(end, 'migrationCanceled', 'migrated');
  else pauseVcpus(end, 'apiError', 'apiError');
}

async function untilDone(
  outgoing: LiveOutgoing,
  carriage: Carriage,
  done: () => boolean,
): Promise<void> {
  const problem = (): FailureError | null => problemOf(outgoing, carriage);
  await outgoing.migration.world.wait({
    until: () => problem() !== null || done(),
    whileAlive: outgoing.isAlive,
  });
  const found = problem();
  if (found !== null) throw found;
}

/** What ends PERFORM3, in the order in which libvirt looks for it. */
function problemOf({ job, end }: LiveOutgoing, carriage: Carriage): FailureError | null {
  const { stream, mirror, alive } = end.qemu;
  if (!alive) return libvirtError('operationFailed', 'domain is not running');
  if (job.abortRequested)
    return libvirtError('operationAborted', 'migration out job: canceled by client');
  const problem = carriage.problem();
  if (problem !== null) return problem;
  if (mirror?.state === 'failed')
    return libvirtError('operationFailed', 'migration of disk failed: Input/output error');
  if (stream?.status === 'failed')
    return libvirtError('operationFailed', 'migration out job: unexpectedly failed');
  return null;
}

/** The memory's way to the destination, as the source sees it. @throws FailureError systemError */
function requireWay({ migration }: LiveOutgoing): void {
  const { world, destination, call } = migration;
  const { tunnelled, relayUri, migrationUri } = call.options;
  if (tunnelled || relayUri !== null) return;
  if (migrationUri === null && !world.hosts.has(destination.hostname))
    throw libvirtError(
      'systemError',
      `Unable to resolve address '${destination.hostname}' service '49152'`,
    );
  if (world.link.refusesStreams)
    throw libvirtError(
      'systemError',
      `unable to connect to server at '${destination.hostname}:49152': Connection refused`,
    );
}

function throttleOf(options: MigrationOptions) {
  if (!options.autoConverge) return null;
  const { autoConvergeInitial, autoConvergeIncrement } = options;
  return {
    initial: (autoConvergeInitial ?? 20) / 100,
    increment: (autoConvergeIncrement ?? 10) / 100,
  };
}
