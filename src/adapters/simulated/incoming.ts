import { admit, provideDisks, refuseUnable } from './admission.ts';
import type { StreamEnd } from './memory-stream.ts';
import { endDomain, forgetIfGone, runVcpus } from './domain-life.ts';
import type { Place } from './domain-life.ts';
import { libvirtError } from './libvirt-error.ts';
import type { Migration, MigrationJob } from './migration-job.ts';
import { enterPhase, gapsMs, newJob } from './migration-job.ts';
import { claimPorts } from './ports.ts';
import {
  completeDestination,
  endJob,
  failDestination,
  requirePausedStream,
  requireResumable,
} from './postcopy.ts';
import { Qemu } from './qemu.ts';
import { CarrierDied, lifeOf } from './world.ts';

/** What the destination holds for a migration from Prepare to Finish. */
export interface Incoming {
  readonly place: Place;
  readonly job: MigrationJob;
  /** `null` where only a definition comes. */
  readonly end: StreamEnd | null;
}

/** The destination's end of the connection that asked it to prepare. */
export interface Requester {
  readonly open: boolean;
}

/** @throws Error for a migration of a definition alone */
export function liveEnd({ end }: Incoming): StreamEnd {
  if (end === null) throw new Error('no QEMU waits for a definition');
  return end;
}

/** PREPARE: an empty QEMU that waits for the guest; or PREPARE_RESUME: it listens again. */
export function prepare(migration: Migration, requester: Requester): Promise<Incoming> {
  return migration.call.purpose === 'resumePostcopy'
    ? prepareResume(migration, requester)
    : prepareFresh(migration, requester);
}

async function prepareFresh(migration: Migration, requester: Requester): Promise<Incoming> {
  const { world, destination: host, outgoing, call } = migration;
  const whileAlive = lifeOf(host);
  const guestRan = outgoing.qemu?.vcpus === 'running';
  refuseUnable(migration, guestRan);
  const domain = admit(migration);
  const place = { world, host, domain };
  const job = newJob('in', { guestRan, postcopy: call.options.postcopy });
  domain.job = job;
  try {
    enterPhase(migration, job, 'prepare');
    await world.pass(gapsMs.destinationIsDefined, whileAlive);
    if (call.purpose === 'moveOffline') return { place, job, end: null };
    const qemu = startQemu(migration, place);
    const incoming = { place, job, end: { ...place, qemu } };
    void destroyWithRequester(incoming, requester);
    await world.pass(gapsMs.destinationQemuListens, whileAlive);
    if (!qemu.alive) throw libvirtError('operationFailed', 'QEMU ended while it was prepared');
    domain.reason = 'migration';
    world.tell(host, domain.uuid, { kind: 'migrationStatus', status: 'setup' });
    world.tell(host, domain.uuid, { kind: 'started', detail: 'migrated' });
    return incoming;
  } catch (error) {
    if (whileAlive() && domain.job === job) discard(place);
    throw error;
  } finally {
    job.attended = false;
  }
}

function startQemu(migration: Migration, place: Place): Qemu {
  const { world, host, domain } = place;
  provideDisks(migration);
  const qemu = new Qemu(world, host, domain.uuid, { images: 'leftToMigrationSource' });
  qemu.ports = claimPorts(host, migration.call);
  domain.qemu = qemu;
  domain.state = 'paused';
  domain.reason = 'startingUp';
  world.changed();
  return qemu;
}

/** PREPARE_RESUME: QMP `migrate-recover`. */
async function prepareResume(migration: Migration, requester: Requester): Promise<Incoming> {
  const { world, destination: host, incoming } = migration;
  const domain = [...host.domains.values()].find(({ name }) => name === incoming.name);
  if (domain === undefined)
    throw libvirtError('noDomain', `no domain with matching name '${incoming.name}'`);
  const job = requireResumable(domain, 'in', 'postcopyFailed');
  requirePausedStream(domain.qemu?.incoming);
  const place = { world, host, domain };
  job.attended = true;
  try {
    enterPhase(migration, job, 'prepareResume');
    await world.pass(gapsMs.streamRecovers, lifeOf(host));
  } finally {
    job.attended = false;
  }
  void failWithRequester(place, job, requester);
  return { place, job, end: domain.qemu === null ? null : { ...place, qemu: domain.qemu } };
}

/** FINISH3 or FINISH_RESUME: the guest goes on here, unless the source has cancelled. */
export async function finish(
  migration: Migration,
  incoming: Incoming,
  verdict: 'succeeded' | 'cancelled',
): Promise<void> {
  const { place, job, end } = incoming;
  if (job.attended) throw libvirtError('operationInvalid', 'another call finishes the migration');
  const isAlive = lifeOf(place.host);
  job.attended = true;
  try {
    if (end === null) finishDefinition(migration, incoming, verdict);
    else if (migration.call.purpose === 'resumePostcopy')
      await finishResume(migration, incoming, verdict);
    else if (verdict === 'cancelled') await endIncoming(end, 'failed');
    else await finishGuest(migration, { ...incoming, end });
  } finally {
    if (isAlive()) endJob(place, job);
  }
}

/** A cancelled one leaves a shut-off domain behind that nobody can remove (libvirt 9.0). */
function finishDefinition(
  migration: Migration,
  { place, job }: Incoming,
  verdict: 'succeeded' | 'cancelled',
): void {
  enterPhase(migration, job, 'finish3');
  if (verdict === 'succeeded') {
    place.domain.definition = migration.incoming.definition;
    place.domain.persistent = true;
  }
}

async function finishResume(
  migration: Migration,
  { place, job }: Incoming,
  verdict: 'succeeded' | 'cancelled',
): Promise<void> {
  enterPhase(migration, job, 'finishResume');
  if (verdict === 'succeeded') await untilAllIsHere(place);
  else failDestination(place);
}

type LiveIncoming = Incoming & { readonly end: StreamEnd };

async function finishGuest(migration: Migration, incoming: LiveIncoming): Promise<void> {
  const { end, job, place } = incoming;
  const { world, host, domain, qemu } = end;
  const whileAlive = lifeOf(host);
  try {
    enterPhase(migration, job, 'finish3');
    domain.definition = migration.incoming.definition;
    domain.persistent ||= migration.incoming.persistent;
    await untilRunnable(end);
    await world.pass(gapsMs.vcpusStart, whileAlive);
    // A stream that breaks before the vCPUs run leaves QEMU waiting for pages, and us for QEMU.
    const until = (): boolean => qemu.incoming !== 'postcopy-paused' || !qemu.alive;
    await world.wait({ until, whileAlive });
    if (!qemu.alive) throw libvirtError('operationFailed', 'guest unexpectedly quit');
  } catch (error) {
    if (whileAlive()) await endIncoming(end, 'failed');
    throw error;
  }
  if (qemu.incoming === 'postcopy-active') {
    runVcpus(end, 'postcopy', 'postcopy');
    migration.faults.reachPostcopy('destinationRuns', migration);
    await untilAllIsHere(place);
  } else if (job.guestRan) runVcpus(end, 'migrated', 'migrated');
  else {
    qemu.holdsImages = true;
    domain.reason = 'user';
    world.tell(host, domain.uuid, { kind: 'suspended', detail: 'paused' });
  }
  await world.pass(gapsMs.finishEnds, whileAlive);
}

/** Until all memory is here, or so much that the rest may follow. */
async function untilRunnable({ world, host, qemu }: StreamEnd): Promise<void> {
  const settled = ['completed', 'failed', 'postcopy-active', 'postcopy-paused'];
  const until = (): boolean => !qemu.alive || settled.includes(qemu.incoming ?? '');
  await world.wait({ until, whileAlive: lifeOf(host) });
  if (!qemu.alive) throw libvirtError('operationFailed', 'guest unexpectedly quit');
  if (qemu.incoming === 'failed')
    throw libvirtError('operationFailed', "job 'migration in' unexpectedly failed");
}

/** The guest runs here, and the rest of its memory follows. @throws FailureError operationFailed */
async function untilAllIsHere(place: Place): Promise<void> {
  const { world, host, domain } = place;
  const { qemu } = domain;
  const whileAlive = lifeOf(host);
  const isOver = (): boolean => !qemu?.alive || qemu.incoming === 'completed';
  await world.wait({ until: () => isOver() || qemu?.incoming === 'postcopy-paused', whileAlive });
  if (qemu?.incoming === 'completed') {
    completeDestination(place);
    return;
  }
  failDestination(place);
  throw libvirtError('operationFailed', "job 'migration in' failed in post-copy phase");
}

/** AUTODESTROY: an incoming guest dies with the connection that asked for it. */
async function destroyWithRequester(
  { end, job }: LiveIncoming,
  requester: Requester,
): Promise<void> {
  const { world, host, domain } = end;
  const isPreparing = (): boolean => domain.job === job && job.phase === 'prepare';
  const until = (): boolean => !requester.open || !isPreparing();
  try {
    await world.wait({ until, whileAlive: lifeOf(host) });
    if (isPreparing()) await endIncoming(end, 'destroyed');
  } catch (error) {
    if (!(error instanceof CarrierDied)) throw error;
  }
}

/** A recovery whose client is gone has failed once more. */
async function failWithRequester(
  place: Place,
  job: MigrationJob,
  requester: Requester,
): Promise<void> {
  const { world, host, domain } = place;
  const isPreparing = (): boolean => domain.job === job && job.phase === 'prepareResume';
  try {
    const until = (): boolean => !requester.open || !isPreparing();
    await world.wait({ until, whileAlive: lifeOf(host) });
    if (!isPreparing()) return;
    failDestination(place);
    job.phase = 'postcopyFailed';
    world.changed();
  } catch (error) {
    if (!(error instanceof CarrierDied)) throw error;
  }
}

/** The QEMU takes its time to end, and only the first who asks for it tells of it. */
async function endIncoming(end: StreamEnd, how: 'destroyed' | 'failed'): Promise<void> {
  const { world, host, domain, qemu } = end;
  await world.pass(gapsMs.qemuEnds, lifeOf(host));
  if (domain.qemu === qemu) endDomain(end, how);
}

function discard(place: Place): void {
  const { world, host, domain } = place;
  if (domain.qemu !== null) endDomain(place, 'failed');
  domain.job = null;
  forgetIfGone(host, domain);
  world.changed();
}
