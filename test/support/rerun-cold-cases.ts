import { dirname } from 'node:path/posix';

import { coldSnapshotInput } from '../../machines/index.ts';
import type { DiskOverlay } from '../../src/ports/disk-sources.ts';
import type { DomainView } from '../../src/ports/domain.ts';
import type { Fixture } from '../contract/fixture.ts';
import { unending } from '../contract/fixture.ts';
import type { Prepared, RerunCase } from './rerun-cases.ts';

const saving = { bypassCache: false, resumeAs: 'asBefore' } as const;
const starting = { paused: false, bypassCache: false, forceBoot: false } as const;

/** Effects of `cold-snapshot`, on a guest whose files everybody sees. */
export const rerunColdCases: Readonly<Record<string, RerunCase>> = {
  'coldSnapshot.gatherFacts': {
    prepare: async (fixture) => {
      const guest = await fixture.newGuest('shared');
      const directory = dirname(guest.disks[0]?.path ?? '/');
      const { uri } = fixture.source;
      const place = { domain: guest.name, host: uri, directory, fileName: 'image.qcow2' };
      return { uuid: guest.uuid, input: coldSnapshotInput(place) };
    },
  },
  inspectGuest: {
    prepare: async (fixture) =>
      about(fixture, await fixture.newGuest('shared'), { disks: ['vda'], pivotsAsked: ['vda'] }),
  },
  detachDevice: { prepare: (fixture) => withDevice(fixture) },
  attachDevice: { prepare: (fixture) => withDevice(fixture) },
  makeOverlay: {
    prepare: async (fixture) => {
      const guest = await fixture.newGuest('shared');
      const disk = overlayFor(fixture, guest);
      return { ...about(fixture, guest, { disk }), files: [disk.overlay.path] };
    },
  },
  putOverlay: {
    prepare: async (fixture) => {
      const { disk, guest } = await withOverlay(fixture);
      await fixture.source.managedSave(guest.uuid, saving, unending);
      return about(fixture, guest, { disk, place: 'managedSave' });
    },
  },
  takeOverlay: {
    prepare: async (fixture) => {
      const { disk, guest } = await withOverlay(fixture);
      await fixture.source.destroy(guest.uuid, unending);
      await fixture.source.putOverlay(guest.uuid, 'configuration', disk, unending);
      return about(fixture, guest, { disk, place: 'configuration' });
    },
  },
  startSaved: {
    prepare: async (fixture) => {
      const guest = await fixture.newGuest('shared');
      await fixture.source.managedSave(guest.uuid, saving, unending);
      return about(fixture, guest, { paused: false });
    },
  },
  commitOverlay: { prepare: (fixture) => onOverlay(fixture) },
  pivotOverlay: {
    prepare: async (fixture) => {
      const { disk, guest } = await startedOnOverlay(fixture);
      const watched = fixture.watchAlone(guest.uuid);
      await watched.sees('state running restored');
      const { base, targetDev } = disk;
      await fixture.source.commitBlock(
        guest.uuid,
        targetDev,
        { top: null, base: base.path, active: true, deleteFiles: false, bandwidthMibPerS: 0 },
        unending,
      );
      await watched.sees(`blockJob ${targetDev} activeCommit ready`);
      return about(fixture, guest, { disk });
    },
  },
  mergeOverlay: {
    prepare: async (fixture) => {
      const { disk, guest } = await withOverlay(fixture);
      await fixture.source.destroy(guest.uuid, unending);
      return about(fixture, guest, { disk });
    },
  },
  'coldSnapshot.copyDisk': {
    prepare: async (fixture) => {
      const { disk, guest } = await toCopy(fixture);
      return {
        ...about(fixture, guest, { disk, compress: false, shared: false }),
        files: [disk.staged.path],
      };
    },
  },
  'coldSnapshot.nameImage': {
    prepare: async (fixture) => {
      const { disk, guest } = await toCopy(fixture);
      await fixture.source.createImage(
        { ...disk.staged, virtualSizeBytes: 2 ** 20, backing: null },
        unending,
      );
      return {
        ...about(fixture, guest, { disk, compress: false, shared: false }),
        files: [disk.staged.path, disk.image.path],
      };
    },
  },
  removeFile: {
    prepare: async (fixture) => {
      const { disk, guest } = await withOverlay(fixture);
      const { path } = disk.overlay;
      return { ...about(fixture, guest, { path }), files: [path] };
    },
  },
};

function about({ source }: Fixture, { uuid }: DomainView, more: object): Prepared {
  return { uuid, input: { host: source.uri, domainUuid: uuid, ...more } };
}

/** One that QEMU takes at once, so that nobody waits for the guest. */
async function withDevice(fixture: Fixture): Promise<Prepared> {
  const guest = await fixture.newGuest('shared');
  const devices = await fixture.source.findDevices(guest.uuid, unending);
  return about(fixture, guest, { device: devices.find(({ needsGuest }) => !needsGuest) });
}

function overlayFor(fixture: Fixture, guest: DomainView): DiskOverlay {
  const { format = '', path = '' } = guest.disks[0] ?? {};
  const base = { path: path ?? '', format };
  return {
    targetDev: 'vda',
    base,
    overlay: { path: fixture.newPath(guest, 'overlay'), format: 'qcow2' },
  };
}

async function withOverlay(fixture: Fixture) {
  const guest = await fixture.newGuest('shared');
  const disk = overlayFor(fixture, guest);
  const virtualSizeBytes = guest.disks[0]?.capacityBytes ?? 0;
  const made = { ...disk.overlay, virtualSizeBytes, backing: disk.base };
  await fixture.source.createImage(made, unending);
  return { guest, disk };
}

async function startedOnOverlay(fixture: Fixture) {
  const { disk, guest } = await withOverlay(fixture);
  const { source } = fixture;
  await source.managedSave(guest.uuid, saving, unending);
  await source.putOverlay(guest.uuid, 'configuration', disk, unending);
  await source.putOverlay(guest.uuid, 'managedSave', disk, unending);
  await source.start(guest.uuid, starting, unending);
  return { guest, disk };
}

async function onOverlay(fixture: Fixture): Promise<Prepared> {
  const { disk, guest } = await startedOnOverlay(fixture);
  return about(fixture, guest, { disk });
}

async function toCopy(fixture: Fixture) {
  const guest = await fixture.newGuest('shared');
  await fixture.source.destroy(guest.uuid, unending);
  const { base: source, overlay } = overlayFor(fixture, guest);
  const staged = { path: fixture.newPath(guest, 'part'), format: 'qcow2' };
  const image = { path: fixture.newPath(guest, 'image'), format: 'qcow2' };
  const disk = {
    targetDev: 'vda',
    source,
    staged,
    image,
    overlay: { targetDev: 'vda', base: source, overlay },
  };
  return { guest, disk };
}
