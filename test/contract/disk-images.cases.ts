import { expect } from 'vitest';
import type { DomainView } from '../../src/ports/domain.ts';
import type { DiskImage } from '../../src/ports/disk-source.ts';
import type { Fixture } from './fixture.ts';
import { failureOf, unending } from './fixture.ts';
import type { Cases } from './hypervisor.contract.ts';

const place = 'configuration';
const diskBytes = 2 ** 26;
const copying = {
  shallow: false,
  reuseExternal: true,
  transientJob: true,
  synchronousWrites: false,
  bandwidthMibPerS: 0,
};

const fileImage = (path: string, format: string): DiskImage => ({
  source: { kind: 'file', path },
  format,
});

function imageOf({ disks }: DomainView): DiskImage {
  const [disk] = disks;
  if (disk?.path == null) throw new Error('the guest has no file for a disk');
  return fileImage(disk.path, disk.format);
}

/** What a disk is in a definition, and how large. */
export const diskImagesCases: Cases = {
  'a definition names another image for one disk, and the old one again': async (fixture) => {
    const { source } = fixture;
    const guest = await fixture.newGuest('private');
    const { uuid } = guest;
    const from = imageOf(guest);
    const to = fileImage(fixture.newPath(guest, 'other'), 'raw');
    const named = () => source.findDiskImage(uuid, place, 'vda', unending);
    const change = (how: { from: DiskImage; to: DiskImage }) =>
      source.changeDiskImage(uuid, place, { targetDev: 'vda', ...how }, unending);
    expect(await named()).toEqual(from);
    await change({ from, to });
    await change({ from, to });
    expect(await named()).toEqual(to);
    const [chain] = await source.findChains(uuid, unending);
    expect(chain?.layers[0]?.origin).toEqual(from.source);
    const other = fileImage('/elsewhere', 'raw');
    const failure = await failureOf(change({ from: other, to: other }));
    expect(failure).toMatchObject({ code: 'otherSource', effect: 'none' });
    await change({ from: to, to: from });
    expect(await named()).toEqual(from);
    expect(await source.findDiskImage(uuid, place, 'vdz', unending)).toBeNull();
  },

  'a place on a network is named as it is told, and found by its name': async (fixture) => {
    const { source } = fixture;
    const guest = await fixture.newGuest('private');
    const { uuid } = guest;
    const from = imageOf(guest);
    const host = { transport: 'tcp', name: '192.0.2.7', port: 10_809 } as const;
    const to: DiskImage = { source: { kind: 'nbd', host, exportName: 'vol' }, format: 'raw' };
    await source.changeDiskImage(uuid, place, { targetDev: 'vda', from, to }, unending);
    expect(await source.findDiskImage(uuid, place, 'vda', unending)).toEqual(to);
    await source.changeDiskImage(uuid, place, { targetDev: 'vda', from: to, to: from }, unending);
    expect(await source.findDiskImage(uuid, place, 'vda', unending)).toEqual(from);
    expect(await source.findDiskUsers('nbd://192.0.2.7:10809/other', unending)).toEqual([]);
  },

  'a disk grows under its guest, and what it was copied to before no longer fits': async (
    fixture,
  ) => {
    const { source } = fixture;
    const guest = await fixture.newGuest('private');
    const { uuid } = guest;
    for (const _ of [1, 2]) await source.resizeBlock(uuid, 'vda', 2 * diskBytes, unending);
    expect((await fixture.view('source', uuid)).disks[0]?.capacityBytes).toBe(2 * diskBytes);
    expect(await copyTo(fixture, guest, diskBytes)).toBe('failed');
  },

  // QEMU has it so since 5.1; before, the rest of a larger one was what nobody had asked for.
  'a copy goes to a volume of the same size and of no other': async (fixture) => {
    const guest = await fixture.newGuest('private');
    expect(await copyTo(fixture, guest, 2 * diskBytes)).toBe('failed');
    expect(await copyTo(fixture, guest, diskBytes)).toBe('ready');
    await fixture.source.endBlockJob(guest.uuid, 'vda', 'cancel', unending);
  },
};

let copies = 0;

/** Into a raw volume of that size. @returns what the watch tells of it */
async function copyTo(
  fixture: Fixture,
  guest: DomainView,
  sizeBytes: number,
): Promise<'ready' | 'failed'> {
  const { source } = fixture;
  const path = fixture.newPath(guest, `sized-${(copies += 1)}`);
  await source.createVolume(path, sizeBytes, unending);
  const watched = fixture.watchAlone(guest.uuid);
  await watched.sees('state running booted');
  await source.copyBlock(guest.uuid, 'vda', fileImage(path, 'raw'), copying, unending);
  const ends = ['ready', 'failed'] as const;
  return Promise.race(
    ends.map(async (end) => {
      await watched.sees(`blockJob vda copy ${end}`);
      return end;
    }),
  );
}
