import type { Hypervisors } from '../../src/ports/hypervisor.ts';
import { hooked } from './hooked-hypervisors.ts';

/** The same hosts, which say that their libvirt is 3.4: it copies disks of transient domains only. */
export const onOldLibvirt: (plain: Hypervisors) => Hypervisors = hooked({
  inspectHost: async (call) => ({ ...Object(await call()), libvirtVersion: 3_004_000 }),
});
