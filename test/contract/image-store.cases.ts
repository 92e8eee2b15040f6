import { expect } from 'vitest';
import { directoryStore } from '../../src/adapters/images/index.ts';
import type { ImageStore } from '../../src/ports/image-store.ts';
import { failureOf, unending } from './fixture.ts';
import type { ImageCases, ImageSite } from './image-site.ts';
import { mib } from './image-site.ts';

const source = {
  host: 'qemu:///system',
  domainUuid: '4dea22b3-1d52-d8f3-2516-782e98ab3fa0',
  domainName: 'guest',
  targetDev: 'vda',
};

function metadataOf(name: string) {
  const disk = { format: 'qcow2', virtualSizeBytes: 4 * mib } as const;
  return { name, ...disk, consistency: 'filesystem', createdAtEpochMs: 1_000, source } as const;
}

async function stage({ images }: ImageSite, store: ImageStore, name: string): Promise<string> {
  const path = store.stagingPath(name, 'qcow2');
  const image = { path, format: 'qcow2', virtualSizeBytes: 4 * mib, backing: null };
  await images.createImage(image, unending);
  return path;
}

/** An image store in a directory of a host. */
export const imageStoreCases: ImageCases = {
  'an image is kept with what is known of it': async (site) => {
    const { directory, images } = site;
    const store = directoryStore(images, directory);
    const staged = await stage(site, store, 'first');
    expect(await store.find('first', unending)).toBeNull();
    expect(await store.list(unending)).toEqual([]);
    const kept = await store.keep(metadataOf('first'), unending);
    expect(kept).toMatchObject(metadataOf('first'));
    expect(kept.sha256).toBe(await images.checksumFile(`${directory}/first.qcow2`, unending));
    expect(kept.sizeBytes).toBeGreaterThan(0);
    expect(await store.find('first', unending)).toEqual(kept);
    expect(await store.list(unending)).toEqual([kept]);
    expect(await images.inspectImage(staged, 'qcow2', unending)).toBeNull();
    await store.remove('first', 'qcow2', unending);
    await store.remove('first', 'qcow2', unending);
    expect(await store.list(unending)).toEqual([]);
    const left = (await images.listFiles(directory, unending)) ?? [];
    expect(left.filter((path) => path.includes('first'))).toEqual([]);
  },

  'kept twice it is the same': async (site) => {
    const store = directoryStore(site.images, site.directory);
    await stage(site, store, 'twice');
    const kept = await store.keep(metadataOf('twice'), unending);
    expect(await store.keep(metadataOf('twice'), unending)).toEqual(kept);
    await store.remove('twice', 'qcow2', unending);
  },

  'a keep that was cut off is taken up': async (site) => {
    const { directory, images } = site;
    const store = directoryStore(images, directory);
    const staged = await stage(site, store, 'cut');
    await images.renameFile(staged, `${directory}/cut.qcow2`, unending);
    expect(await store.find('cut', unending)).toBeNull();
    expect(await store.list(unending)).toEqual([]);
    const kept = await store.keep(metadataOf('cut'), unending);
    expect(await store.find('cut', unending)).toEqual(kept);
    await store.remove('cut', 'qcow2', unending);
  },

  'no image takes the place of another': async (site) => {
    const { directory, images } = site;
    const store = directoryStore(images, directory);
    await stage(site, store, 'taken');
    const kept = await store.keep(metadataOf('taken'), unending);
    await stage(site, store, 'taken');
    const later = { ...metadataOf('taken'), createdAtEpochMs: 2_000 };
    const exists = { code: 'imageExists', effect: 'none' };
    expect(await failureOf(store.keep(later, unending))).toMatchObject(exists);
    expect(await store.find('taken', unending)).toEqual(kept);
    await store.remove('taken', 'qcow2', unending);
    // Nor that of a file which is no image of ours.
    await images.writeText(`${directory}/foreign.qcow2`, 'text', unending);
    await stage(site, store, 'foreign');
    expect(await failureOf(store.keep(metadataOf('foreign'), unending))).toMatchObject(exists);
    expect(await images.readText(`${directory}/foreign.qcow2`, unending)).toBe('text');
    await store.remove('foreign', 'qcow2', unending);
  },

  'a file beside an image is no sidecar by its name alone': async (site) => {
    const { directory, images } = site;
    const store = directoryStore(images, directory);
    for (const text of ['{', '{}', JSON.stringify({ ...metadataOf('other'), sha256: 'x' })]) {
      await images.writeText(`${directory}/odd.json`, text, unending);
      expect(await store.find('odd', unending)).toBeNull();
      expect(await store.list(unending)).toEqual([]);
    }
    await images.removeFile(`${directory}/odd.json`, unending);
  },

  'a name is that of a plain file': async (site) => {
    const store = directoryStore(site.images, site.directory);
    const refused = { failure: { code: 'invalidArgument', effect: 'none' } };
    for (const name of ['', '.', '..', '.hidden', 'a/b', '../a', 'a\0b', 'a\nb', 'é'.repeat(101)])
      expect(() => store.stagingPath(name, 'qcow2')).toThrow(
        expect.objectContaining({
          failure: expect.objectContaining(refused.failure),
        }),
      );
    expect(store.stagingPath('a'.repeat(200), 'qcow2')).toContain('aaa');
    expect(() => store.stagingPath('name', '../x')).toThrow(Error);
  },

  'a directory that is not there has no images': async ({ directory, images }) => {
    const store = directoryStore(images, `${directory}/nowhere`);
    expect(await store.list(unending)).toEqual([]);
    expect(await store.find('any', unending)).toBeNull();
  },
};
