/** The hosts and guests behind `simulated:///NAME`, as data. */

const mib = 2 ** 20;
const gib = 2 ** 30;

const pool = { name: 'images', targetPath: '/var/lib/libvirt/images', capacityBytes: 8 * gib };

/** Where images go. */
const backup = { path: '/backup', capacityBytes: 8 * gib };

/** Two hosts on a 1 Gbit/s link. */
export const demoHosts = [
  { name: 'hostA', pools: [pool], directories: [backup] },
  { name: 'hostB', pools: [pool], directories: [backup] },
] as const;

export const demoLink = { bandwidthBytesPerS: 119 * mib } as const;

const privateDisk = (domain: string, capacityBytes: number) =>
  ({
    targetDev: 'vda',
    path: `/var/lib/libvirt/images/${domain}.img`,
    capacityBytes,
    storage: 'private',
  }) as const;

/** `demo` converges in a few seconds, `idle` at once, `busy` never does. */
export const demoDomains = [
  {
    name: 'demo',
    host: 'hostA',
    memoryBytes: 256 * mib,
    dirtyBytesPerS: 40 * mib,
    disks: [privateDisk('demo', 128 * mib)],
  },
  { name: 'idle', host: 'hostA', memoryBytes: 8 * mib, dirtyBytesPerS: 0 },
  { name: 'busy', host: 'hostA', memoryBytes: 512 * mib, dirtyBytesPerS: 400 * mib },
] as const;
