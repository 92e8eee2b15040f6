import { createSimulatedWorld } from '../../src/adapters/simulated/index.ts';
import type { Clock } from '../../src/ports/clock.ts';
import type { Hypervisors } from '../../src/ports/hypervisor.ts';

const mib = 2 ** 20;

/** Stands in for the libvirt adapter where examples of the documentation are run: two hosts, one guest. */
export function createLibvirtHypervisors({ clock }: { readonly clock: Clock }): Hypervisors {
  const disk = { targetDev: 'vda', path: '/shared/db1.img', capacityBytes: mib } as const;
  return createSimulatedWorld({
    seed: 1,
    clock,
    hosts: [{ name: 'hostA' }, { name: 'hostB' }],
    domains: [
      { name: 'db1', host: 'hostA', memoryBytes: mib, disks: [{ ...disk, storage: 'shared' }] },
    ],
    link: { bandwidthBytesPerS: 100 * mib },
    faults: [],
  }).hypervisors;
}
