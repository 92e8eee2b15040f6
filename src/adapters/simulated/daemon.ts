import { endDomain, forgetIfGone, pauseVcpus, runVcpus } from './domain-life.ts';
import type { Place } from './domain-life.ts';
import { recoverWork } from './domain-work.ts';
import { comeBack } from './lost-guest.ts';
import type { StreamEnd } from './memory-stream.ts';
import type { MigrationJob, MigrationPhase } from './migration-job.ts';
import { restoreGuest } from './outgoing.ts';
import { completeUnattended, failDestination, failSource, isPostcopy } from './postcopy.ts';
import type { Host, World } from './world.ts';

/** SIGKILL: its QEMUs live on; what it was doing, and what it knew from memory alone, is gone. */
export function killDaemon(world: World, host: Host): void {
  if (!host.daemon.up) return;
  host.daemon.up = false;
  for (const domain of host.domains.values()) forgetIfGone(host, domain);
  world.changed();
}

/** Starts it again, where its host has power; it finds its QEMUs and decides about interrupted migrations. */
export function startDaemon(world: World, host: Host): void {
  if (host.daemon.up || !world.link.hasPower(host.name)) return;
  host.daemon.up = true;
  host.daemon.life += 1;
  for (const domain of host.domains.values()) reconnect({ world, host, domain });
  world.changed();
}

/** `goesOn`: the job of a post-copy stays, for QEMU or an operator to end it. */
type Decision = (end: StreamEnd, job: MigrationJob) => 'over' | 'goesOn';

const over = (decide: (end: StreamEnd, job: MigrationJob) => void): Decision => {
  return (end, job) => {
    decide(end, job);
    return 'over';
  };
};

const keep = over(() => undefined);
const kill = over((end) => endDomain(end, 'unknown'));
const takeBack = over((end, job) => restoreGuest({ job, end }));

/** Whatever post-copy was at: it goes on unattended as long as QEMU does, else it has failed. */
const leaveToQemu: Decision = (end, job) => {
  const isSource = job.direction === 'out';
  const status = isSource ? end.qemu.stream?.status : end.qemu.incoming;
  job.phase = 'postcopyFailed';
  if (status === 'completed') completeUnattended(end, job);
  else if (status !== 'postcopy-active') (isSource ? failSource : failDestination)(end);
  return end.domain.job === job ? 'goesOn' : 'over';
};

/** The daemon's decision by the phase in its status file (qemuProcessRecoverMigration). */
const decisions: Readonly<Record<MigrationPhase, Decision>> = {
  begin3: keep,
  perform3: over((end, job) => {
    end.qemu.stream?.cancel();
    void end.qemu.mirror?.end();
    restoreGuest({ job, end });
  }),
  /** Nobody knows whether it was started on the destination: it stays paused. */
  perform3Done: (end, job) => (isPostcopy(end.domain) ? leaveToQemu(end, job) : 'over'),
  confirm3Cancelled: (end, job) =>
    isPostcopy(end.domain) ? leaveToQemu(end, job) : takeBack(end, job),
  confirm3: kill,
  prepare: over((end) => endDomain(end, 'failed')),
  finish3: (end, job) => {
    if (isPostcopy(end.domain)) return leaveToQemu(end, job);
    if (end.qemu.vcpus !== 'running') endDomain(end, 'failed');
    return 'over';
  },
  postcopyFailed: leaveToQemu,
  beginResume: leaveToQemu,
  performResume: leaveToQemu,
  confirmResume: (end, job) =>
    end.qemu.stream?.status === 'completed' ? kill(end, job) : leaveToQemu(end, job),
  prepareResume: leaveToQemu,
  finishResume: leaveToQemu,
};

function reconnect(place: Place): void {
  const { domain, host } = place;
  if (domain.handover != null) comeBack(place, domain.handover);
  const { qemu, job } = domain;
  if (qemu === null) {
    domain.job = null;
    domain.work = null;
    // What was never written down is not known to a daemon that starts.
    forgetIfGone(host, domain);
    return;
  }
  if (!qemu.alive) {
    endDomain(place, 'crashed');
    return;
  }
  noticeVcpus(place);
  recoverWork(place);
  if (job === null) return;
  job.attended = false;
  const end = { ...place, qemu };
  if (job.phase === null || decisions[job.phase](end, job) === 'over') domain.job = null;
}

/** What QEMU did while nobody listened. */
function noticeVcpus(place: Place): void {
  const { qemu, state } = place.domain;
  if (qemu?.vcpus === 'running' && state === 'paused') runVcpus(place, 'unpaused', 'unpaused');
  if (qemu?.vcpus === 'paused' && state === 'running') pauseVcpus(place, 'migration', 'migrated');
}
