import { createSimulatedWorld } from '../../src/adapters/simulated/index.ts';
import type { Clock } from '../../src/ports/clock.ts';
import type { Hypervisors } from '../../src/ports/hypervisor.ts';

const mib = 2 ** 20;

/** Stands in for the libvirt adapter where examples of the documentation are run: two hosts, one guest on a disk that both see, one on its own. */
export function createLibvirtHypervisors({ clock }: { readonly clock: Clock }): Hypervisors {
  const disk = { targetDev: 'vda', capacityBytes: mib } as const;
  const shared = { ...disk, path: '/shared/db1.img', storage: 'shared' } as const;
  const own = { ...disk, path: '/var/lib/libvirt/images/web1.qcow2', storage: 'private' } as const;
  const pools = [{ name: 'images', targetPath: '/var/lib/libvirt/images', capacityBytes: 2 ** 30 }];
  return createSimulatedWorld({
    seed: 1,
    clock,
    hosts: [
      { name: 'hostA', pools },
      { name: 'hostB', pools },
    ],
    domains: [
      { name: 'db1', host: 'hostA', memoryBytes: mib, disks: [shared] },
      { name: 'web1', host: 'hostA', memoryBytes: mib, disks: [own] },
    ],
    link: { bandwidthBytesPerS: 100 * mib },
    faults: [],
  }).hypervisors;
}
