import { expect } from 'vitest';
import type { DeviceView } from '../../src/ports/devices.ts';
import type { DiskOverlay } from '../../src/ports/disk-sources.ts';
import type { DomainView } from '../../src/ports/domain.ts';
import { failureOf, unending } from './fixture.ts';
import type { Fixture } from './fixture.ts';
import type { Cases } from './hypervisor.contract.ts';

/** The guest's device of that element. */
async function deviceOf(fixture: Fixture, uuid: string, element: string): Promise<DeviceView> {
  const devices = await fixture.source.findDevices(uuid, unending);
  const device = devices.find((each) => each.element === element);
  if (device === undefined) throw new Error(`the guest has no ${element}`);
  return device;
}

const placesOf = async ({ source }: Fixture, uuid: string): Promise<string[]> =>
  (await source.findDevices(uuid, unending)).map(({ place }) => place).toSorted();

/** An overlay beside the guest's disk, of which nothing knows yet. */
async function overlayOn(fixture: Fixture, guest: DomainView): Promise<DiskOverlay> {
  const [disk] = guest.disks;
  if (disk?.path == null) throw new Error('the guest has no disk');
  const base = { path: disk.path, format: disk.format };
  const overlay = { path: fixture.newPath(guest, 'overlay'), format: 'qcow2' };
  const virtualSizeBytes = disk.capacityBytes;
  await fixture.source.createImage({ ...overlay, virtualSizeBytes, backing: base }, unending);
  return { targetDev: disk.targetDev, overlay, base };
}

/** Devices of a running guest, and what definitions say of its disks. */
export const devicesCases: Cases = {
  'devices that may be taken out have their places; a domain that is off has none': async (
    fixture,
  ) => {
    const { uuid } = await fixture.newGuest('private');
    const [rng, tablet] = [
      await deviceOf(fixture, uuid, 'rng'),
      await deviceOf(fixture, uuid, 'input'),
    ];
    expect(rng).toMatchObject({ needsGuest: true, passthrough: null });
    expect(tablet).toMatchObject({ needsGuest: false, passthrough: null });
    await fixture.source.destroy(uuid, unending);
    expect(await fixture.source.findDevices(uuid, unending)).toEqual([]);
  },

  'a device goes, as an event tells, and comes back to its place': async (fixture) => {
    const { uuid } = await fixture.newGuest('private');
    const before = await placesOf(fixture, uuid);
    for (const element of ['rng', 'input']) {
      const device = await deviceOf(fixture, uuid, element);
      const watched = fixture.watchAlone(uuid);
      await watched.sees('state running booted');
      await fixture.source.detachDevice(uuid, device, unending);
      await watched.sees(`deviceRemoved ${device.alias}`);
      expect(await placesOf(fixture, uuid)).not.toContain(device.place);
      await fixture.source.detachDevice(uuid, device, unending);
      await fixture.source.attachDevice(uuid, device, unending);
      await fixture.source.attachDevice(uuid, device, unending);
      expect(await placesOf(fixture, uuid)).toEqual(before);
    }
  },

  'what its own system lets go of stays in a paused guest until it runs': async (fixture) => {
    const { uuid } = await fixture.newGuest('private');
    const device = await deviceOf(fixture, uuid, 'rng');
    const watched = fixture.watchAlone(uuid);
    await watched.sees('state running booted');
    await fixture.source.suspend(uuid, unending);
    await fixture.source.detachDevice(uuid, device, unending);
    expect(await placesOf(fixture, uuid)).toContain(device.place);
    await fixture.source.resume(uuid, unending);
    await watched.sees(`deviceRemoved ${device.alias}`);
    expect(await placesOf(fixture, uuid)).not.toContain(device.place);
  },

  'QEMU takes a USB device out of a paused guest at once': async (fixture) => {
    const { uuid } = await fixture.newGuest('private');
    const device = await deviceOf(fixture, uuid, 'input');
    await fixture.source.suspend(uuid, unending);
    const watched = fixture.watchAlone(uuid);
    await watched.sees('state paused user');
    await fixture.source.detachDevice(uuid, device, unending);
    await watched.sees(`deviceRemoved ${device.alias}`);
  },

  'a configuration names the overlay, and its base again': async (fixture) => {
    const guest = await fixture.newGuest('private');
    const { source } = fixture;
    const disk = await overlayOn(fixture, guest);
    const where = () => source.findDiskSource(guest.uuid, 'configuration', 'vda', unending);
    await source.destroy(guest.uuid, unending);
    for (const _ of [1, 2]) await source.putOverlay(guest.uuid, 'configuration', disk, unending);
    expect(await where()).toBe(disk.overlay.path);
    for (const _ of [1, 2]) await source.takeOverlay(guest.uuid, 'configuration', disk, unending);
    expect(await where()).toBe(disk.base.path);
    expect(await fixture.view('source', guest.uuid)).toMatchObject({
      disks: guest.disks.map(({ path }) => ({ path })),
    });
  },

  'a saved image names the overlay apart from the configuration, and the guest starts on it':
    async (fixture) => {
      const guest = await fixture.newGuest('private');
      const { source } = fixture;
      const { uuid } = guest;
      expect(await source.findDiskSource(uuid, 'managedSave', 'vda', unending)).toBeNull();
      await source.managedSave(uuid, { bypassCache: false, resumeAs: 'asBefore' }, unending);
      const disk = await overlayOn(fixture, guest);
      await source.putOverlay(uuid, 'managedSave', disk, unending);
      expect(await source.findDiskSource(uuid, 'managedSave', 'vda', unending)).toBe(
        disk.overlay.path,
      );
      expect(await source.findDiskSource(uuid, 'configuration', 'vda', unending)).toBe(
        disk.base.path,
      );
      await source.putOverlay(uuid, 'configuration', disk, unending);
      await source.start(uuid, { paused: false, bypassCache: false, forceBoot: false }, unending);
      const [chain] = await source.findChains(uuid, unending);
      expect(chain?.layers.map(({ path }) => path)).toEqual([disk.overlay.path, disk.base.path]);
    },

  'a definition that names another file is left alone': async (fixture) => {
    const guest = await fixture.newGuest('private');
    const disk = await overlayOn(fixture, guest);
    await fixture.source.destroy(guest.uuid, unending);
    const other = { ...disk, base: { ...disk.base, path: '/images/another' } };
    const failure = await failureOf(
      fixture.source.putOverlay(guest.uuid, 'configuration', other, unending),
    );
    expect(failure).toMatchObject({ code: 'otherSource', effect: 'none' });
    const saved = await failureOf(
      fixture.source.putOverlay(guest.uuid, 'managedSave', disk, unending),
    );
    expect(saved).toMatchObject({ code: 'noDefinition', effect: 'none' });
  },
};
