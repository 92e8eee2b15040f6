import { killDaemon, startDaemon } from './daemon.ts';
import type { Host, World } from './world.ts';

/** Everything that ran there is gone at once; what stands on its disks stays. */
export function killHost(world: World, host: Host): void {
  killDaemon(world, host);
  for (const { qemu, uuid } of host.domains.values()) {
    if (qemu?.alive === true) world.fated.add(uuid);
    qemu?.kill();
  }
  for (const lost of world.lostGuests) if (lost.host === host) lost.qemu.kill();
  world.link.powerOff(host.name);
}

/** Nothing for a host that has power; one whose daemon alone is down gets it back, too. */
export function startHost(world: World, host: Host): void {
  world.link.powerOn(host.name);
  startDaemon(world, host);
}
