import { returnToConfiguration } from './configured-disks.ts';
import type { DomainReason } from '../../ports/domain.ts';
import type { Domain, Host, World } from './world.ts';

/** A domain on a host, and the world around. */
export interface Place {
  readonly world: World;
  readonly host: Host;
  readonly domain: Domain;
}

/** Stops the vCPUs; a daemon that is down does not see it. */
export function pauseVcpus(place: Place, reason: DomainReason, detail: string): void {
  const { world, host, domain } = place;
  domain.qemu?.pause();
  if (!host.daemon.up) return;
  domain.state = 'paused';
  domain.reason = reason;
  world.tell(host, domain.uuid, { kind: 'suspended', detail });
  world.changed();
}

export function runVcpus(place: Place, reason: DomainReason, detail: string): void {
  place.domain.qemu?.run();
  tellRun(place, reason, detail);
}

/** The daemon's part alone, of vCPUs that run already. */
export function tellRun(
  { world, host, domain }: Place,
  reason: DomainReason,
  detail: string,
): void {
  if (!host.daemon.up) return;
  domain.state = 'running';
  domain.reason = reason;
  world.tell(host, domain.uuid, { kind: 'resumed', detail });
  world.changed();
}

/** Why it stopped. */
export type End =
  | 'shutdown'
  | 'destroyed'
  | 'failed'
  | 'migrated'
  | 'crashed'
  | 'fromSnapshot'
  | 'saved'
  | 'unknown';

/**
 * The QEMU ends and the daemon, if there is one, cleans up behind it.
 *
 * @param detail of its event, which says nearly always the same: but of a QEMU that dies under a daemon,
 *   that it failed
 */
export function endDomain(place: Place, end: End, detail: End = end): void {
  const { world, host, domain } = place;
  domain.qemu?.kill();
  if (!host.daemon.up) return;
  domain.qemu = null;
  returnToConfiguration(domain);
  domain.job = null;
  domain.state = 'shutoff';
  domain.reason = end;
  world.tell(host, domain.uuid, { kind: 'stopped', detail });
  forgetIfGone(host, domain);
  world.changed();
}

/** A domain without a definition is gone with its QEMU. */
export function forgetIfGone(host: Host, domain: Domain): void {
  if (domain.qemu === null && !domain.persistent) host.domains.delete(domain.uuid);
}

/**
 * QEMU's image lock: may the vCPUs run here, or does a QEMU elsewhere write to the same files?
 */
export function imagesAreFree({ world, host, domain }: Place): boolean {
  if (world.lostGuests.some(({ qemu, uuid }) => uuid === domain.uuid && qemu.alive)) return false;
  const shared = domain.definition.disks.filter((disk) => disk.storage === 'shared');
  const paths = new Set(shared.map((disk) => disk.path));
  const others = [...world.hosts.values()].filter((other) => other !== host);
  return !others.some((other) =>
    [...other.domains.values()].some(
      ({ qemu, definition }) =>
        qemu?.holdsImages === true &&
        definition.disks.some(({ storage, path }) => storage === 'shared' && paths.has(path)),
    ),
  );
}
