import type { Place } from './domain-life.ts';
import type { Qemu } from './qemu.ts';
import type { Definition, Domain, Host } from './world.ts';
import { lifeOf } from './world.ts';

/** From one record of a daemon to the next, as seen on libvirt 9.0. */
const handoverMs = 2;

/** A QEMU of which its daemon knows nothing, and the files that it writes to. */
export interface LostGuest {
  readonly host: Host;
  readonly uuid: string;
  readonly qemu: Qemu;
  readonly disks: Definition['disks'];
}

/**
 * What QEMU has done to a disk, and its daemon has not on record.
 *
 * `unheard`: a pivot. A daemon that is started then takes it for cancelled, or for a job that was lost, and
 * believes in the layer that the guest has left.
 *
 * `unreadable`: the daemon takes over what a pivot, or the end of a copy, has left, and has saved that the
 * job has ended in words that libvirt cannot read (a mirror with an empty job). One that is started then
 * comes back without the guest.
 */
export interface Handover {
  readonly is: 'unheard' | 'unreadable';
  readonly before: Definition['disks'];
}

export async function handOver(place: Place, handover: Handover): Promise<void> {
  const { world, host, domain } = place;
  domain.handover = handover;
  await world.pass(handoverMs, lifeOf(host));
  domain.handover = null;
}

/** What a daemon that is started makes of it: definitions are those of before. */
export function comeBack({ world, host, domain }: Place, { before, is }: Handover): void {
  const { definition, qemu, uuid } = domain;
  const { disks } = definition;
  domain.definition = { ...definition, disks: before };
  domain.configuredDisks = new Map();
  domain.handover = null;
  if (qemu === null) return;
  if (is === 'unheard') {
    if (disks !== before) domain.written = { qemu, disks };
    for (const [targetDev, job] of qemu.blockJobs) if (job.isOver) qemu.blockJobs.delete(targetDev);
  } else {
    world.lostGuests.push({ host, uuid, qemu, disks });
    domain.qemu = null;
    domain.job = null;
    domain.work = null;
    domain.state = 'shutoff';
    domain.reason = 'unknown';
  }
  world.changed();
}

/** Not always what its daemon believes. */
export function writtenBy({ definition, qemu, written }: Domain): Definition['disks'] {
  return written !== undefined && written.qemu === qemu ? written.disks : definition.disks;
}
