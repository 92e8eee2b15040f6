import { endDomain, forgetIfGone, pauseVcpus, runVcpus } from './domain-life.ts';
import type { Place } from './domain-life.ts';
import type { MigrationPhase } from './migration-job.ts';
import { restoreGuest } from './migration.ts';
import type { Domain, Host, World } from './world.ts';

/** SIGKILL: its QEMUs live on; what it was doing, and what it knew from memory alone, is gone. */
export function killDaemon(world: World, host: Host): void {
  if (!host.daemon.up) return;
  host.daemon.up = false;
  for (const domain of host.domains.values()) forgetIfGone(host, domain);
  world.changed();
}

/** Starts it again; it finds its QEMUs and decides about interrupted migrations. */
export function startDaemon(world: World, host: Host): void {
  if (host.daemon.up) return;
  host.daemon.up = true;
  host.daemon.life += 1;
  for (const domain of host.domains.values()) reconnect({ world, host, domain });
  world.changed();
}

type Decision = (place: Place & { readonly domain: Domain }) => void;

const keep: Decision = () => undefined;
const kill: Decision = (place) => endDomain(place, 'unknown');

/** The daemon's decision by the phase in its status file (qemuMigrationRecover, pre-copy only). */
const decisions: Readonly<Record<MigrationPhase, Decision>> = {
  begin3: keep,
  perform3: (place) => {
    place.domain.qemu?.stream?.cancel();
    void place.domain.qemu?.mirror?.end();
    restore(place);
  },
  /** Nobody knows whether it was started on the destination: it stays paused. */
  perform3Done: keep,
  confirm3Cancelled: restore,
  confirm3: kill,
  prepare: (place) => endDomain(place, 'failed'),
  finish3: (place) => {
    if (place.domain.qemu?.vcpus !== 'running') endDomain(place, 'failed');
  },
};

function reconnect(place: Place): void {
  const { domain } = place;
  const { qemu, job } = domain;
  if (qemu === null) {
    domain.job = null;
    return;
  }
  if (!qemu.alive) {
    endDomain(place, 'crashed');
    return;
  }
  noticeVcpus(place);
  if (job !== null && job.phase !== null) decisions[job.phase](place);
  domain.job = null;
}

/** What QEMU did while nobody listened. */
function noticeVcpus(place: Place): void {
  const { qemu, state } = place.domain;
  if (qemu?.vcpus === 'running' && state === 'paused') runVcpus(place, 'unpaused', 'unpaused');
  if (qemu?.vcpus === 'paused' && state === 'running') pauseVcpus(place, 'migration', 'migrated');
}

function restore({ world, host, domain }: Place): void {
  const { qemu, job } = domain;
  if (qemu !== null && job !== null) restoreGuest({ job, outgoing: { world, host, domain, qemu } });
}
