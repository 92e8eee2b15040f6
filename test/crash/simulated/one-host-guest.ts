import type { DomainSpec, HostSpec } from '../../../src/adapters/simulated/index.ts';
import type { Hypervisor } from '../../../src/ports/hypervisor.ts';
import type { SnapshotRequest } from '../../../src/ports/snapshots.ts';
import { mib } from './scenario.ts';

export const signal = new AbortController().signal;
export const memoryPath = '/images/guest.mem';
export const managedPath = '/var/lib/libvirt/qemu/save/guest.save';
export const imagePath = '/backup/image.qcow2';
export const diskPath = '/images/guest.qcow2';
export const secondPath = '/images/second.qcow2';
/** As libvirt names the overlays of a snapshot. */
export const overlaysOf = (name: string): string[] => [
  `/images/guest.${name}`,
  `/images/second.${name}`,
];

export const hosts: readonly HostSpec[] = [
  {
    name: 'hostA',
    pools: [{ name: 'images', targetPath: '/images', capacityBytes: 2 ** 30 }],
    directories: [
      { path: '/backup', capacityBytes: 2 ** 30 },
      { path: '/var/lib/libvirt/qemu/save', capacityBytes: 2 ** 30 },
    ],
  },
];

const disk = { capacityBytes: 8 * mib, storage: 'private', format: 'qcow2' } as const;
export const guest: DomainSpec = {
  name: 'guest',
  host: 'hostA',
  memoryBytes: 32 * mib,
  disks: [
    { ...disk, targetDev: 'vda', path: diskPath },
    { ...disk, targetDev: 'vdb', path: secondPath },
  ],
};
export const paused: DomainSpec = { ...guest, state: 'paused' };
export const shutOff: DomainSpec = { ...guest, state: 'shutoff' };
/** With devices that cannot be saved, and go only when its system lets them. */
export const withDevices: DomainSpec = {
  ...guest,
  devices: [
    { alias: 'net0', element: 'interface', passthrough: 'sriov', needsGuest: true },
    { alias: 'rng0', element: 'rng', needsGuest: true },
  ],
};

const noMemory = { kind: 'none' } as const;
const inside = { kind: 'internal' } as const;
const outside = { kind: 'external', path: memoryPath } as const;
type Kind = 'disks' | 'internal' | 'withMemory';

/** A snapshot that stands before the run. */
export async function takeSnapshot(host: Hypervisor, uuid: string, kind: Kind, noMetadata = false) {
  const isExternal = kind !== 'internal';
  const request: SnapshotRequest = {
    name: 'before',
    description: null,
    memory: { disks: noMemory, internal: inside, withMemory: outside }[kind],
    disks: ['vda', 'vdb'].map((targetDev, at) => ({
      targetDev,
      kind: isExternal ? 'external' : 'internal',
      overlayPath: isExternal ? (overlaysOf('before')[at] ?? null) : null,
      format: 'qcow2',
    })),
    diskOnly: kind === 'disks',
    quiesce: false,
    atomic: isExternal,
    reuseExternal: false,
    halt: false,
    noMetadata,
    live: false,
  };
  await host.createSnapshot(uuid, request, signal);
}
