import { expect } from 'vitest';
import type { CommitOptions, CopyOptions } from '../../src/ports/block-jobs.ts';
import type { DiskImage } from '../../src/ports/disk-source.ts';
import type { DomainView } from '../../src/ports/domain.ts';
import type { Fixture } from './fixture.ts';
import { failureOf, unending } from './fixture.ts';
import type { Cases } from './hypervisor.contract.ts';

const unknownUuid = '01234567-89ab-4cde-8f01-23456789abcd';
/** Slow enough for the case to act while it runs: the disk's 64 MiB take seconds. */
const slowly = 8;

const copying: CopyOptions = {
  shallow: false,
  reuseExternal: false,
  transientJob: true,
  synchronousWrites: false,
  bandwidthMibPerS: 0,
};
const committing: CommitOptions = {
  top: null,
  base: null,
  active: false,
  deleteFiles: false,
  bandwidthMibPerS: 0,
};

/** Jobs of QEMU on the disks of one guest, which runs on. */
export const blockJobsCases: Cases = {
  'a copy gets ready, keeps others off the disk and stays where it went': async (fixture) => {
    const { source } = fixture;
    const guest = await fixture.newGuest('private');
    const { uuid } = guest;
    const [path, other] = [fixture.newPath(guest, 'copy'), fixture.newPath(guest, 'other')];
    const watched = fixture.watchAlone(uuid);
    await watched.sees('state running booted');
    expect(await source.endBlockJob(uuid, 'vda', 'cancel', unending)).toBe('noJob');
    await copy(fixture, guest, path, { bandwidthMibPerS: slowly });
    expect(await source.findBlockJob(uuid, 'vda', unending)).toMatchObject({
      type: 'copy',
      totalBytes: 2 ** 26,
    });
    const busy = { blockJob: 'copy', mirrored: true };
    expect((await fixture.view('source', uuid)).disks[0]).toMatchObject(busy);
    expect(await failureOf(copy(fixture, guest, other))).toMatchObject(alreadyActive);
    const pull = { base: null, bandwidthMibPerS: 0 };
    const second = source.pullBlock(uuid, 'vda', pull, unending);
    expect(await failureOf(second)).toMatchObject(alreadyActive);
    const early = source.endBlockJob(uuid, 'vda', 'pivot', unending);
    expect(await failureOf(early)).toMatchObject({ code: 'notReady', effect: 'none' });
    await watched.measures('vda');
    await source.setBlockJobSpeed(uuid, 'vda', 0, unending);
    await watched.sees('blockJob vda copy ready');
    expect(await mirrorOf(fixture, uuid)).toEqual({
      job: 'copy',
      path,
      origin: { kind: 'file', path },
      format: 'qcow2',
      ready: true,
    });
    expect(await source.endBlockJob(uuid, 'vda', 'cancel', unending)).toBe('ended');
    await watched.sees('blockJob vda copy canceled');
    expect(await source.endBlockJob(uuid, 'vda', 'cancel', unending)).toBe('noJob');
    expect(await source.findBlockJob(uuid, 'vda', unending)).toBeNull();
    expect(await mirrorOf(fixture, uuid)).toBeNull();
    const free = { blockJob: null, mirrored: false };
    expect((await fixture.view('source', uuid)).disks[0]).toMatchObject(free);
    expect(await pathsOf(fixture, uuid)).toEqual([guest.disks[0]?.path]);
    const told = watched.progress.flat().filter(({ stream }) => stream === 'vda');
    expect(told.at(-1)).toMatchObject({ remainingBytes: 0 });
    expect(told).toEqual(told.toSorted((a, b) => a.processedBytes - b.processedBytes));
  },

  'a watch that comes later tells the job that stands': async (fixture) => {
    const guest = await fixture.newGuest('private');
    const { uuid } = guest;
    await copy(fixture, guest, fixture.newPath(guest, 'copy'), { bandwidthMibPerS: slowly });
    const early = fixture.watchAlone(uuid);
    await early.sees('blockJob vda copy running');
    await fixture.source.setBlockJobSpeed(uuid, 'vda', 0, unending);
    await early.sees('blockJob vda copy ready');
    const late = fixture.watchAlone(uuid, 'resumed');
    await late.sees('blockJob vda copy ready');
    expect(late.events[0]).toBe('connectionRegained');
  },

  'a guest goes on with the copy after the pivot': async (fixture) => {
    const guest = await fixture.newGuest('private');
    const { uuid } = guest;
    const path = fixture.newPath(guest, 'copy');
    const watched = fixture.watchAlone(uuid);
    await watched.sees('state running booted');
    await copy(fixture, guest, path);
    await watched.sees('blockJob vda copy ready');
    expect(await fixture.source.endBlockJob(uuid, 'vda', 'pivot', unending)).toBe('ended');
    await watched.sees('blockJob vda copy completed');
    expect(await pathsOf(fixture, uuid)).toEqual([path]);
  },

  // As a libvirt has it that copies disks of transient domains only.
  'a guest without its definition goes on with a copy, and its definition names its old disk':
    async (fixture) => {
      const { source } = fixture;
      const guest = await fixture.newGuest('private');
      const { uuid } = guest;
      const path = fixture.newPath(guest, 'copy');
      await source.createVolume(path, 2 ** 26, unending);
      const to = { source: { kind: 'file', path }, format: 'raw' } as const;
      const options = { shallow: false, bandwidthMibPerS: 0 };
      const copyTo = (image: DiskImage) =>
        source.copyBlockByRebase(uuid, 'vda', image, options, unending);
      expect(await failureOf(copyTo(to))).toMatchObject({
        code: 'operationInvalid',
        effect: 'none',
      });
      const watched = fixture.watchAlone(uuid);
      await watched.sees('state running booted');
      const definition = await source.readDefinition(uuid, unending);
      await source.undefine(uuid, unending);
      const host = { transport: 'tcp', name: '192.0.2.7', port: null } as const;
      const far = { source: { kind: 'nbd', host, exportName: 'vol' }, format: 'raw' } as const;
      expect(await failureOf(copyTo(far))).toMatchObject({ effect: 'none' });
      await copyTo(to);
      await watched.sees('blockJob vda copy ready');
      expect(await mirrorOf(fixture, uuid)).toMatchObject({ job: 'copy', path, format: 'raw' });
      expect(await source.endBlockJob(uuid, 'vda', 'pivot', unending)).toBe('ended');
      await watched.sees('blockJob vda copy completed');
      const configured = () => source.findDiskImage(uuid, 'configuration', 'vda', unending);
      expect(await configured()).toBeNull();
      await source.defineAgain(uuid, definition, unending);
      expect(await pathsOf(fixture, uuid)).toEqual([path]);
      const old = await configured();
      expect(old).toMatchObject({ source: { path: guest.disks[0]?.path } });
      if (old === null) return;
      const change = { targetDev: 'vda', from: old, to };
      await source.changeDiskImage(uuid, 'configuration', change, unending);
      expect(await configured()).toEqual(to);
    },

  'layers are merged down and up while the guest runs': async (fixture) => {
    const { source } = fixture;
    const guest = await fixture.newGuest('private');
    const { uuid } = guest;
    const base = guest.disks[0]?.path ?? '';
    const layers = ['first', 'second', 'third'].map((what) => fixture.newPath(guest, what));
    const [first = '', second = '', third = ''] = layers;
    for (const path of layers) await addLayer(fixture, uuid, path);
    const watched = fixture.watchAlone(uuid);
    await watched.sees('state running booted');
    expect(await pathsOf(fixture, uuid)).toEqual([third, second, first, base]);

    await source.commitBlock(uuid, 'vda', { ...committing, active: true, base: second }, unending);
    await watched.sees('blockJob vda activeCommit ready');
    expect(await mirrorOf(fixture, uuid)).toMatchObject({ job: 'activeCommit', path: second });
    expect(await source.endBlockJob(uuid, 'vda', 'pivot', unending)).toBe('ended');
    await watched.sees('blockJob vda activeCommit completed');
    expect(await pathsOf(fixture, uuid)).toEqual([second, first, base]);

    await source.commitBlock(uuid, 'vda', { ...committing, top: first, base }, unending);
    await watched.sees('blockJob vda commit completed');
    expect(await pathsOf(fixture, uuid)).toEqual([second, base]);

    await source.pullBlock(uuid, 'vda', { base: null, bandwidthMibPerS: 0 }, unending);
    await watched.sees('blockJob vda pull completed');
    expect(await pathsOf(fixture, uuid)).toEqual([second]);
    const flat = source.commitBlock(uuid, 'vda', { ...committing, active: true }, unending);
    expect(await failureOf(flat)).toMatchObject({ code: 'libvirtError', effect: 'none' });
  },

  'a copy that does not fit fails and leaves no job': async (fixture) => {
    const { source } = fixture;
    const guest = await fixture.newGuest('private');
    const { uuid } = guest;
    const path = fixture.newPath(guest, 'small');
    await source.createVolume(path, 2 ** 20, unending);
    const watched = fixture.watchAlone(uuid);
    await watched.sees('state running booted');
    const destination = { source: { kind: 'file', path }, format: 'raw' } as const;
    const options = { ...copying, reuseExternal: true };
    await source.copyBlock(uuid, 'vda', destination, options, unending);
    await watched.sees('blockJob vda copy failed');
    expect(await source.findBlockJob(uuid, 'vda', unending)).toBeNull();
    expect(await mirrorOf(fixture, uuid)).toBeNull();
  },

  'what cannot be begun is refused and changes nothing': async (fixture) => {
    const { source } = fixture;
    const guest = await fixture.newGuest('private');
    const { uuid } = guest;
    const path = fixture.newPath(guest, 'copy');
    const refused = { effect: 'none' };
    expect(await failureOf(copy(fixture, guest, path, { transientJob: false }))).toMatchObject({
      code: 'operationInvalid',
      ...refused,
    });
    const missing = copy(fixture, guest, path, { reuseExternal: true });
    expect(await failureOf(missing)).toMatchObject(refused);
    const taken = guest.disks[0]?.path ?? '';
    expect(await failureOf(copy(fixture, guest, taken))).toMatchObject(refused);
    const destination = { source: { kind: 'file', path }, format: 'qcow2' } as const;
    const elsewhere = source.copyBlock(uuid, 'vdz', destination, copying, unending);
    expect(await failureOf(elsewhere)).toMatchObject(refused);
    expect(await source.findVolume(path, unending)).toBeNull();
    await source.destroy(uuid, unending);
    expect(await failureOf(copy(fixture, guest, path))).toMatchObject({
      code: 'operationInvalid',
      ...refused,
    });
    expect(await source.endBlockJob(uuid, 'vda', 'cancel', unending)).toBe('noJob');
    expect(await source.findBlockJob(uuid, 'vda', unending)).toBeNull();
  },

  'a domain that is not there has no chains and no jobs': async ({ source }) => {
    expect(await source.findChains(unknownUuid, unending)).toEqual([]);
    expect(await source.findBlockJob(unknownUuid, 'vda', unending)).toBeNull();
    expect(await source.endBlockJob(unknownUuid, 'vda', 'pivot', unending)).toBe('noJob');
  },
};

const alreadyActive = { code: 'blockJobActive', effect: 'none' };

function copy(
  { source }: Fixture,
  { uuid }: DomainView,
  path: string,
  options: Partial<CopyOptions> = {},
): Promise<void> {
  const destination = { source: { kind: 'file', path }, format: 'qcow2' } as const;
  return source.copyBlock(uuid, 'vda', destination, { ...copying, ...options }, unending);
}

async function addLayer({ source }: Fixture, uuid: string, overlayPath: string): Promise<void> {
  const disk = { targetDev: 'vda', kind: 'external', overlayPath, format: 'qcow2' } as const;
  await source.createSnapshot(
    uuid,
    {
      name: 'layer',
      description: null,
      memory: { kind: 'none' },
      disks: [disk],
      diskOnly: true,
      quiesce: false,
      atomic: false,
      reuseExternal: false,
      halt: false,
      noMetadata: true,
      live: false,
    },
    unending,
  );
}

async function chainOf({ source }: Fixture, uuid: string) {
  const chains = await source.findChains(uuid, unending);
  return chains.find(({ targetDev }) => targetDev === 'vda');
}

async function mirrorOf(fixture: Fixture, uuid: string) {
  return (await chainOf(fixture, uuid))?.mirror;
}

async function pathsOf(fixture: Fixture, uuid: string) {
  return (await chainOf(fixture, uuid))?.layers.map(({ path }) => path);
}
