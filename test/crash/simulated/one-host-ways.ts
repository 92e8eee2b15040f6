import {
  coldSnapshotInput,
  domainSnapshotInput,
  instanceSnapshotInput,
  liveSnapshotInput,
  managedSaveInput,
  snapshotDeleteInput,
  snapshotRevertInput,
} from '../../../machines/index.ts';
import type { Hypervisor } from '../../../src/ports/hypervisor.ts';
import {
  diskPath,
  hosts,
  imagePath,
  managedPath,
  memoryPath,
  overlaysOf,
  paused,
  secondPath,
  shutOff,
  signal,
  takeSnapshot,
  withDevices,
} from './one-host-guest.ts';
import { mayBreakOff, ours, way } from './one-host-way.ts';
import type { OneHostScenario } from './scenario.ts';
import { swapWays } from './swap-ways.ts';

const image = { ...ours, directory: '/backup', fileName: 'image.qcow2' } as const;
const store = { kind: 'directory', directory: '/backup' } as const;
const plainly = { bypassCache: false, resumeAs: 'asBefore', xml: null } as const;

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

const revert = (name: string, more: Partial<OneHostScenario>) =>
  way({
    name,
    machine: 'snapshot-revert',
    run: {
      machine: 'snapshotRevert',
      input: snapshotRevertInput({ ...ours, name: 'before' }),
    },
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

const withSnapshot = (host: Hypervisor, uuid: string) => takeSnapshot(host, uuid, 'disks');
const withOverlays = (host: Hypervisor, uuid: string) => takeSnapshot(host, uuid, 'disks', true);

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

/** Its images have to be made of two layers each. */
const rawImages = ['/backup/image-vda.raw', '/backup/image-vdb.raw'];
const chainedInput = {
  disks: ['vda', 'vdb'],
  fileName: 'image.raw',
  format: 'raw',
  quiesce: 'never',
};
const chained = {
  prepare: withOverlays,
  wanted: { made: rawImages, images: rawImages },
} as const;

/** Whatever libvirt reverts to with external files goes on in layers of its own. */
const onNewLayers = (frozen: readonly string[]) => {
  const layers = frozen.map((path) => `${path}.now`);
  return { guest: { tops: layers }, made: layers };
};

/** Every workflow on one host, in every way in which its steps differ. */
export const oneHostWays: readonly OneHostScenario[] = [
  live('live snapshot, frozen', { quiesce: 'required' }),
  live('live snapshot, of chains, to raw', chainedInput, chained),
  live(
    'live snapshot, undefined meanwhile',
    {},
    { hosts: hosts.map((host) => ({ ...host, libvirtVersion: 3_004_000 })) },
  ),
  cold('cold snapshot', {}),
  cold('cold snapshot, short outage', { shortOutage: true }),
  cold('cold snapshot, shut off', {}, { domain: { ...withDevices, state: 'shutoff' } }),
  libvirtSnapshot(
    'libvirt snapshot, internal',
    { kind: 'internal' },
    { wanted: { guest: { snapshotCount: 1 } } },
  ),
  libvirtSnapshot('libvirt snapshot, disks, frozen', { quiesce: 'required' }, { wanted: overlaid }),
  libvirtSnapshot(
    'libvirt snapshot, with memory',
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
  ...swapWays,
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
  revert('revert, internal', {
    prepare: (host, uuid) => takeSnapshot(host, uuid, 'internal'),
    wanted: { past: true },
  }),
  revert('revert, external with memory', {
    hosts: hosts.map((host) => ({ ...host, libvirtVersion: 11_003_000 })),
    prepare: (host, uuid) => takeSnapshot(host, uuid, 'withMemory'),
    wanted: { past: true, ...onNewLayers([diskPath, secondPath]) },
    wentBack: onNewLayers(overlaysOf('before')),
  }),
];
