import { coldSnapshot, coldSnapshotInput } from '../../machines/index.ts';
import type { ColdSnapshotInput, ColdSnapshotOutput } from '../../machines/index.ts';
import type { ColdSnapshotFacts } from '../../machines/policy/cold-snapshot/cold-snapshot.ts';
import type { DiskLook, GuestLook } from '../../machines/policy/cold-snapshot/steps.ts';
import type { DeviceView } from '../../src/ports/devices.ts';
import type { DomainView } from '../../src/ports/domain.ts';
import { guestView, hostView } from './facts.ts';
import { Walk } from './walk.ts';

const host = 'simulated:///hostA';
const gib = 2 ** 30;

const deviceOf = (alias: string, passthrough: DeviceView['passthrough']): DeviceView => ({
  alias,
  place: `hostdev pci ${alias}`,
  element: 'hostdev',
  passthrough,
  needsGuest: true,
  description: `${alias} (hostdev)`,
  xml: `<hostdev alias='${alias}'/>`,
});

/** A PCI device, a mediated one and one that may stay. */
export const gpu = deviceOf('hostdev0', 'pci');
export const vgpu = deviceOf('hostdev1', 'mdev');
export const rng = deviceOf('rng0', null);
export const allDevices = [gpu, vgpu, rng];

export const base = '/images/guest.qcow2';
export const overlay = '/images/.guest.qcow2.run-1.overlay';
export const staged = '/backup/.image.qcow2.run-1.part';
export const image = '/backup/image.qcow2';
export const copied = { virtualSizeBytes: 2 * gib, allocationBytes: gib };

export const running = guestView;
export const paused: DomainView = { ...guestView, state: 'paused', reason: 'user' };
export const off: DomainView = { ...guestView, state: 'shutoff', reason: 'shutdown' };
export const saved: DomainView = {
  ...guestView,
  state: 'shutoff',
  reason: 'saved',
  managedSave: true,
};

export const coldFacts: ColdSnapshotFacts = {
  atEpochMs: 1,
  host: hostView('hostA'),
  domain: running,
  claims: [],
  devices: allDevices,
  tops: [],
  imageBytes: [{ targetDev: 'vda', bytes: gib }],
  memoryBytesAvailable: 8 * gib,
  formats: ['qcow2', 'raw'],
  target: { availableBytes: 8 * gib, standing: [], users: [], neighbours: [] },
};

export function coldInput(more: Partial<ColdSnapshotInput> = {}): ColdSnapshotInput {
  return coldSnapshotInput({
    domain: 'guest',
    host,
    directory: '/backup',
    fileName: 'image.qcow2',
    ...more,
  });
}

/** What a look finds: by default the guest as it was, with all its devices. */
export function seenAs(more: {
  readonly domain?: DomainView | null;
  readonly devices?: readonly DeviceView[];
  readonly disk?: Partial<DiskLook>;
}): GuestLook {
  const { devices = allDevices, disk, domain = running } = more;
  const nowhere = { managedSave: null, live: null, job: null, isStale: false };
  const none = { targetDev: 'vda', configuration: base, ...nowhere };
  return { atEpochMs: 2, domain, devices, disks: disk === undefined ? [] : [{ ...none, ...disk }] };
}

const claim = { run: 'run-1', engine: 'here:1', sinceEpochMs: 1 };

/** The prechecks have passed, and the domain is claimed. */
export function claimed(
  input: Partial<ColdSnapshotInput> = {},
  facts: Partial<ColdSnapshotFacts> = {},
): Walk {
  return new Walk(coldSnapshot, coldInput(input))
    .done('gather', { ...coldFacts, ...facts })
    .done('claim', { claim, others: [] });
}

/** Both devices that cannot be saved are out. */
export function detached(input: Partial<ColdSnapshotInput> = {}): Walk {
  return claimed(input)
    .done('detach')
    .done('lookAtDevice', seenAs({ devices: [vgpu, rng] }))
    .done('detach')
    .done('lookAtDevice', seenAs({ devices: [rng] }));
}

/** The memory is saved, and nothing else was done. */
export const savedWalk = (input: Partial<ColdSnapshotInput> = {}): Walk =>
  detached(input).see('domain.suspended', 'paused').done('save');

/** The image has its name, and the guest is still off. */
export const copiedWalk = (): Walk => savedWalk().done('copyDisk', copied).done('nameImage');

/** The guest runs on its overlay, with all its devices. */
export function onOverlay(): Walk {
  const live = { configuration: overlay, live: overlay };
  return savedWalk({ shortOutage: true })
    .done('makeOverlay')
    .done('configureOverlay')
    .done('pointOverlay')
    .done(
      'lookAround',
      seenAs({
        domain: saved,
        devices: [],
        disk: { configuration: overlay, managedSave: overlay },
      }),
    )
    .done('start')
    .see('domain.resumed', 'fromSnapshot')
    .done('lookAround', seenAs({ disk: live }));
}

/** Gives the claim back and hands over what came of it. */
export function released(walk: Walk): ColdSnapshotOutput {
  if (walk.inFlight.has('release')) walk.done('release', { released: [host] });
  return walk.output() as ColdSnapshotOutput;
}

export const statusesOf = (walk: Walk, kind: string) =>
  (walk.snapshot.context.artefacts as readonly { kind: string; path: string; status: string }[])
    .filter((artefact) => artefact.kind === kind)
    .map(({ path, status }) => `${path} ${status}`);

/** What the watch tells of a device. */
export const told = (walk: Walk, type: string, alias: string): Walk =>
  walk.send(Object.assign({ type }, { alias, atEpochMs: 1 }));
