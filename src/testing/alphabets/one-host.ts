import type { StandingClaim } from '../../ports/claim.ts';
import type { DiskView, DomainView, HostView } from '../../ports/domain.ts';
import type { ClaimAnswer, ReleaseRequest } from '../../../machines/policy/claims.ts';
import { justDone } from '../paths/alphabet.ts';

const gib = 2 ** 30;
export const host = 'simulated:///hostA';
export const done = justDone;

export const disk: DiskView = {
  targetDev: 'vda',
  device: 'disk',
  source: 'file',
  path: '/images/guest.qcow2',
  format: 'qcow2',
  readOnly: false,
  shareable: false,
  transient: false,
  cache: 'none',
  capacityBytes: 2 * gib,
  allocationBytes: gib,
  blockJob: null,
  mirrored: false,
};

/** A persistent guest that runs on one disk. */
export const guest: DomainView = {
  uuid: '11111111-2222-3333-4444-555555555555',
  name: 'guest',
  state: 'running',
  reason: 'booted',
  persistent: true,
  job: null,
  memoryBytes: gib,
  arch: 'x86_64',
  machineType: 'pc-q35-7.2',
  virtType: 'qemu',
  emulator: '/usr/bin/qemu-system-x86_64',
  disks: [disk],
  hostDevices: [],
  networks: ['default'],
  snapshotCount: 0,
  managedSave: false,
  nvramPath: null,
  emulatedTpm: false,
};

export const hostView = (name: string): HostView => ({
  uri: `simulated:///${name}`,
  hostname: name,
  hostUuid: `uuid-of-${name}`,
  libvirtVersion: 9_000_000,
  hypervisorVersion: 7_002_022,
  freeMemoryBytes: 8 * gib,
});

/** Of a run of somebody else. */
export const rival: StandingClaim = {
  run: 'run-7',
  details: { engine: 'hostD:1', sinceEpochMs: 1 },
};

const claim = { run: 'run-1', engine: 'here:1', sinceEpochMs: 1 };

/** The claim stands alone, or another run was faster. */
export const claiming = {
  done: { ours: { claim, others: [] }, rivals: { claim, others: [rival] } },
} satisfies { done: Record<string, ClaimAnswer> };

/** All that was asked for is released, or no host has answered. */
export const releasing = {
  done: {
    all: ({ hosts }: ReleaseRequest) => ({ released: hosts }),
    none: { released: [] },
  },
} as const;

/** All files go, or each of them is in use. */
export const filesRemoved = {
  done: {
    all: ({ paths }: { readonly paths: readonly string[] }) => ({ removed: paths, held: [] }),
    none: { removed: [], held: [] },
    held: ({ paths }: { readonly paths: readonly string[] }) => ({
      removed: [],
      held: paths.map((path) => ({ path, nodes: ['libvirt-2-storage'] })),
    }),
  },
} as const;
