import type { Place } from './domain-life.ts';
import type { Qemu } from './qemu.ts';
import type { Definition, Host } from './world.ts';
import { lifeOf } from './world.ts';

/** From the status file that libvirt cannot read to the next one, as seen on 9.0. */
const handoverMs = 2;

/** A QEMU of which its daemon knows nothing, and the files that it writes to. */
export interface LostGuest {
  readonly host: Host;
  readonly uuid: string;
  readonly qemu: Qemu;
  readonly disks: Definition['disks'];
}

/**
 * libvirt takes over what a pivot, or the end of a copy, has left. It has saved by then that the job has
 * ended, in words that it cannot read (an empty job of a mirror): a daemon that is killed now comes back
 * without the guest, and with a configuration of before.
 */
export async function takeOverJob(place: Place, before: Definition['disks']): Promise<void> {
  const { world, host, domain } = place;
  domain.torn = before;
  await world.pass(handoverMs, lifeOf(host));
  domain.torn = null;
}

/** The guest runs on; for its daemon it is shut off, and nobody saw why. */
export function loseGuest({ world, host, domain }: Place, before: Definition['disks']): void {
  const { definition, qemu, uuid } = domain;
  if (qemu !== null) world.lostGuests.push({ host, uuid, qemu, disks: definition.disks });
  domain.definition = { ...definition, disks: before };
  domain.torn = null;
  domain.qemu = null;
  domain.job = null;
  domain.work = null;
  domain.state = 'shutoff';
  domain.reason = 'unknown';
  world.changed();
}
