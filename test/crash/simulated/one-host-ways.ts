import {
  coldSnapshotInput,
  domainSnapshotInput,
  instanceSnapshotInput,
  liveSnapshotInput,
  managedSaveInput,
  snapshotDeleteInput,
} from '../../../machines/index.ts';
import type { DomainSpec, HostSpec } from '../../../src/adapters/simulated/index.ts';
import type { Hypervisor } from '../../../src/ports/hypervisor.ts';
import type { SnapshotRequest } from '../../../src/ports/snapshots.ts';
import type { OneHostScenario } from './scenario.ts';
import { mib } from './scenario.ts';

const signal = new AbortController().signal;
const memoryPath = '/images/guest.mem';
const managedPath = '/var/lib/libvirt/qemu/save/guest.save';
const imagePath = '/backup/image.qcow2';
const diskPath = '/images/guest.qcow2';
const secondPath = '/images/second.qcow2';
/** As libvirt names the overlays of a snapshot. */
const overlaysOf = (name: string): string[] => [`/images/guest.${name}`, `/images/second.${name}`];

const hosts: readonly HostSpec[] = [
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
const guest: DomainSpec = {
  name: 'guest',
  host: 'hostA',
  memoryBytes: 32 * mib,
  disks: [
    { ...disk, targetDev: 'vda', path: diskPath },
    { ...disk, targetDev: 'vdb', path: secondPath },
  ],
};
const paused: DomainSpec = { ...guest, state: 'paused' };
const shutOff: DomainSpec = { ...guest, state: 'shutoff' };
/** With devices that cannot be saved, and go only when its system lets them. */
const withDevices: DomainSpec = {
  ...guest,
  devices: [
    { alias: 'net0', element: 'interface', passthrough: 'sriov', needsGuest: true },
    { alias: 'rng0', element: 'rng', needsGuest: true },
  ],
};

const ours = { domain: 'guest', host: 'simulated:///hostA', peerWaitMs: 120_000 } as const;
const image = { ...ours, directory: '/backup', fileName: 'image.qcow2' } as const;
const store = { kind: 'directory', directory: '/backup' } as const;
const plainly = { bypassCache: false, resumeAs: 'asBefore', xml: null } as const;

type Spec = Pick<OneHostScenario, 'name' | 'machine' | 'run'> & Partial<OneHostScenario>;

const way = (spec: Spec): OneHostScenario => ({
  kind: 'oneHost',
  hosts,
  domain: guest,
  faults: [],
  command: null,
  outcome: 'completed',
  decisive: 'any',
  also: [],
  prepare: () => Promise.resolve(),
  wanted: {},
  ...spec,
});

/**
 * Of what nobody can tell whether it was done, and what is not done twice blindly, the guest is better
 * without: a freeze, a save, a snapshot, a merge that has not begun.
 */
const mayBreakOff = { also: ['rolledBack interrupted'] } as const;

const imageMade = { wanted: { made: [imagePath], images: [imagePath] } } as const;

const live = (name: string, input: object, more: Partial<OneHostScenario> = {}) =>
  way({
    name,
    machine: 'live-snapshot',
    run: { machine: 'liveSnapshot', input: liveSnapshotInput({ ...image, ...input }) },
    ...imageMade,
    // Nobody saw the end of the copy that we asked for.
    also: [...mayBreakOff.also, 'rolledBack copyUnproven'],
    ...more,
  });
const cold = (name: string, input: object, more: Partial<OneHostScenario> = {}) =>
  way({
    name,
    machine: 'cold-snapshot',
    domain: withDevices,
    run: { machine: 'coldSnapshot', input: coldSnapshotInput({ ...image, ...input }) },
    ...imageMade,
    ...mayBreakOff,
    ...more,
  });
const libvirtSnapshot = (name: string, input: object, more: Partial<OneHostScenario>) =>
  way({
    name,
    machine: 'domain-snapshot',
    run: {
      machine: 'domainSnapshot',
      input: domainSnapshotInput({ ...ours, name: 'now', ...input }),
    },
    ...mayBreakOff,
    ...more,
  });
const saving = (
  name: string,
  request: Omit<Parameters<typeof managedSaveInput>[0], 'domain' | 'host'>,
  more: Partial<OneHostScenario>,
) =>
  way({
    name,
    machine: 'managed-save',
    run: { machine: 'managedSave', input: managedSaveInput({ ...ours, ...request }) },
    ...mayBreakOff,
    ...more,
  });
const deletion = (
  name: string,
  what: Parameters<typeof snapshotDeleteInput>[0]['what'],
  more: Partial<OneHostScenario>,
) =>
  way({
    name,
    machine: 'snapshot-delete',
    run: { machine: 'snapshotDelete', input: snapshotDeleteInput({ ...ours, what }) },
    ...mayBreakOff,
    ...more,
  });

const memoryWaits = {
  guest: { state: 'shutoff', managedSave: true },
  made: [managedPath],
} as const;
const overlaid = {
  guest: { snapshotCount: 1, tops: overlaysOf('now') },
  made: overlaysOf('now'),
  images: [diskPath, secondPath],
} as const;

/** Disks alone, in two layers beside each other's files. */
async function takeSnapshot(host: Hypervisor, uuid: string, noMetadata: boolean): Promise<void> {
  const request: SnapshotRequest = {
    name: 'before',
    description: null,
    memory: { kind: 'none' },
    disks: ['vda', 'vdb'].map((targetDev, at) => ({
      targetDev,
      kind: 'external',
      overlayPath: overlaysOf('before')[at] ?? null,
      format: 'qcow2',
    })),
    diskOnly: true,
    quiesce: false,
    atomic: true,
    reuseExternal: false,
    halt: false,
    noMetadata,
    live: false,
  };
  await host.createSnapshot(uuid, request, signal);
}
const withSnapshot = (host: Hypervisor, uuid: string) => takeSnapshot(host, uuid, false);
const withOverlays = (host: Hypervisor, uuid: string) => takeSnapshot(host, uuid, true);

const theSnapshot = {
  kind: 'snapshot',
  name: 'before',
  children: 'keep',
  metadataOnly: false,
} as const;
const merged = {
  prepare: withSnapshot,
  wanted: {
    guest: { snapshotCount: 0, tops: [diskPath, secondPath] },
    gone: overlaysOf('before'),
  },
};

/** Every workflow on one host, in every way in which its steps differ. */
export const oneHostWays: readonly OneHostScenario[] = [
  live('live snapshot, frozen', { quiesce: 'required' }),
  cold('cold snapshot', {}),
  cold('cold snapshot, short outage', { shortOutage: true }),
  cold('cold snapshot, shut off', {}, { domain: { ...withDevices, state: 'shutoff' } }),
  libvirtSnapshot('internal', { kind: 'internal' }, { wanted: { guest: { snapshotCount: 1 } } }),
  libvirtSnapshot('external, disks, frozen', { quiesce: 'required' }, { wanted: overlaid }),
  libvirtSnapshot(
    'external, with memory',
    { memoryPath },
    { wanted: { ...overlaid, made: [...overlaid.made, memoryPath] } },
  ),
  saving('managed save', { action: 'save' }, { wanted: memoryWaits }),
  saving(
    'managed save, paused guest',
    { action: 'save' },
    {
      domain: paused,
      wanted: memoryWaits,
    },
  ),
  saving(
    'save to a file',
    { action: 'saveTo', file: memoryPath },
    {
      wanted: { guest: { state: 'shutoff' }, made: [memoryPath] },
    },
  ),
  saving(
    'start from a managed save',
    { action: 'start' },
    {
      prepare: (host, uuid) => host.managedSave(uuid, plainly, signal),
      wanted: { guest: { state: 'running', managedSave: false }, gone: [managedPath] },
    },
  ),
  saving(
    'restore from a file',
    { action: 'restore', file: memoryPath },
    {
      prepare: (host, uuid) => host.saveTo(uuid, memoryPath, plainly, signal),
      wanted: { guest: { state: 'running' } },
    },
  ),
  deletion('deletion by libvirt', { ...theSnapshot, by: 'libvirt' }, merged),
  deletion('deletion by commits', { ...theSnapshot, by: 'manual' }, merged),
  deletion(
    'deletion by commits, shut off',
    { ...theSnapshot, by: 'manual' },
    {
      ...merged,
      domain: shutOff,
    },
  ),
  deletion(
    'merge of a layer',
    { kind: 'merge', targetDev: 'vda', base: null, top: null, how: 'commit' },
    {
      prepare: withOverlays,
      wanted: {
        guest: { tops: [diskPath, '/images/second.before'] },
        gone: ['/images/guest.before'],
      },
    },
  ),
  way({
    name: 'instance snapshot',
    machine: 'instance-snapshot',
    run: {
      machine: 'instanceSnapshot',
      input: instanceSnapshotInput({ ...ours, store, name: 'nightly' }),
    },
    wanted: {
      made: ['/backup/nightly.json', '/backup/nightly.qcow2'],
      images: ['/backup/nightly.qcow2'],
    },
  }),
];
