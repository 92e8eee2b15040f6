import { expect } from 'vitest';
import type { FormattedImage } from '../../src/ports/images.ts';
import { failureOf, unending } from './fixture.ts';
import type { ImageCases, ImageSite } from './image-site.ts';
import { fullBytes, mib, newPath, silent } from './image-site.ts';

const diskBytes = 4 * mib;

async function newImage(site: ImageSite, backing: FormattedImage | null = null) {
  const image = { path: newPath(site), format: 'qcow2' };
  await site.images.createImage({ ...image, virtualSizeBytes: diskBytes, backing }, unending);
  return image;
}

/** What qemu-img does. */
export const imageChainCases: ImageCases = {
  'the formats are those that can be written': async ({ images }) => {
    const formats = await images.imageFormats(unending);
    expect(formats).toEqual(expect.arrayContaining(['raw', 'qcow2', 'vmdk']));
    expect(formats).not.toContain('nbd');
  },

  'an image tells its head, and its overlay its backing file': async (site) => {
    const base = await newImage(site);
    const overlay = await newImage(site, base);
    const info = await site.images.inspectImage(overlay.path, 'qcow2', unending);
    expect(info).toMatchObject({ ...overlay, virtualSizeBytes: diskBytes, encrypted: false });
    expect(info).toMatchObject({ backingPath: base.path, backingFormat: 'qcow2' });
    const below = await site.images.inspectImage(base.path, 'qcow2', unending);
    expect(below).toMatchObject({ backingPath: null, backingFormat: null });
    expect(below?.allocationBytes).toBeLessThan(diskBytes);
  },

  'no image is made over a file that stands': async (site) => {
    const image = await newImage(site);
    const sha256 = await site.images.checksumFile(image.path, unending);
    const again = { ...image, virtualSizeBytes: 2 * diskBytes, backing: null };
    const failure = await failureOf(site.images.createImage(again, unending));
    expect(failure).toMatchObject({ code: 'imageExists', effect: 'none' });
    expect(await site.images.checksumFile(image.path, unending)).toBe(sha256);
  },

  'of two that make the same image one is told of the other': async (site) => {
    const image = { path: newPath(site), format: 'qcow2', virtualSizeBytes: diskBytes };
    const make = () => failureOf(site.images.createImage({ ...image, backing: null }, unending));
    const failures = await Promise.all([make(), make()]);
    expect(failures.map((failure) => failure?.code ?? 'made').toSorted()).toEqual([
      'imageExists',
      'made',
    ]);
  },

  'an image that cannot be made leaves nothing': async (site) => {
    const path = newPath(site);
    const backing = { path: `${site.directory}/nowhere`, format: 'qcow2' };
    const image = { path, format: 'qcow2', virtualSizeBytes: diskBytes };
    for (const wrong of [
      { ...image, backing },
      { ...image, format: 'nosuch', backing: null },
    ]) {
      const failure = await failureOf(site.images.createImage(wrong, unending));
      expect(failure?.code).toMatch(/^(noSuchImage|unknownFormat)$/);
      expect(await site.images.inspectImage(path, 'raw', unending)).toBeNull();
    }
  },

  'an image is of the format that is told, and not of what it looks like': async (site) => {
    const { path } = await newImage(site);
    const asVmdk = await failureOf(site.images.inspectImage(path, 'vmdk', unending));
    expect(asVmdk).toMatchObject({ code: 'unknownFormat', effect: 'none' });
    const asRaw = await site.images.inspectImage(path, 'raw', unending);
    expect(asRaw).toMatchObject({ format: 'raw', backingPath: null });
  },

  'a whole chain is converted, with progress that only goes up': async (site) => {
    const { full, images } = site;
    const overlay = { path: newPath(site), format: 'qcow2' };
    await images.createImage({ ...overlay, virtualSizeBytes: fullBytes, backing: full }, unending);
    const atMost = await images.measureImage(overlay, 'qcow2', unending);
    const flat = { path: newPath(site), format: 'qcow2' };
    const reported: number[] = [];
    const request = { from: overlay, to: flat, compress: false, shared: false };
    await images.convertImage(request, (fraction) => reported.push(fraction), unending);
    expect(reported).toEqual(reported.toSorted((a, b) => a - b));
    expect(reported.at(-1)).toBe(1);
    const info = await images.inspectImage(flat.path, 'qcow2', unending);
    expect(info).toMatchObject({ virtualSizeBytes: fullBytes, backingPath: null });
    expect(info?.allocationBytes).toBeGreaterThanOrEqual(fullBytes);
    expect(info?.allocationBytes).toBeLessThanOrEqual(atMost);
    const back = { path: newPath(site), format: 'raw' };
    await images.convertImage({ ...request, from: flat, to: back }, silent, unending);
    const [there, here] = await Promise.all(
      [full, back].map(({ path }) => images.checksumFile(path, unending)),
    );
    expect(here).toBe(there);
    for (const { path } of [flat, back]) await images.removeFile(path, unending);
  },

  'a file system that gets full fails, and what was written stays': async (site) => {
    const { full, images, narrowDirectory } = site;
    const to = { path: `${narrowDirectory}/image`, format: 'qcow2' };
    const request = { from: full, to, compress: false, shared: false };
    const failure = await failureOf(images.convertImage(request, silent, unending));
    expect(failure).toMatchObject({ code: 'noSpace', effect: 'unknown' });
    expect(await images.listFiles(narrowDirectory, unending)).toEqual([to.path]);
    await images.removeFile(to.path, unending);
  },

  'an abort ends the tool in its middle, and what was written stays': async (site) => {
    const { full, images } = site;
    const to = { path: newPath(site), format: 'qcow2' };
    const request = { from: full, to, compress: false, shared: false };
    const abort = new AbortController();
    const failure = await failureOf(
      images.convertImage(request, () => abort.abort(), abort.signal),
    );
    expect(failure).toMatchObject({ code: 'aborted', effect: 'unknown' });
    // Nobody writes to it any more: it would be locked.
    await images.convertImage(request, silent, unending);
    await images.removeFile(to.path, unending);
  },

  'what a guest writes to is only read by those who know': async (site) => {
    const { images, inUse } = site;
    const to = { path: newPath(site), format: 'raw' };
    const request = { from: inUse, to, compress: false, shared: false };
    const failure = await failureOf(images.convertImage(request, silent, unending));
    expect(failure).toMatchObject({ code: 'imageInUse', effect: 'none' });
    await images.convertImage({ ...request, shared: true }, silent, unending);
    const over = { ...request, from: to, to: inUse };
    const refused = await failureOf(images.convertImage(over, silent, unending));
    expect(refused).toMatchObject({ code: 'imageInUse', effect: 'none' });
    await images.removeFile(to.path, unending);
    expect(await images.inspectImage(inUse.path, inUse.format, unending)).not.toBeNull();
    expect(await images.isImageInUse(inUse, unending)).toBe(true);
    expect(await failureOf(images.inspectFreeImage(inUse, unending))).toMatchObject({
      code: 'imageInUse',
      effect: 'none',
    });
    expect(await images.isImageInUse(to, unending)).toBe(false);
    expect(await images.inspectFreeImage(to, unending)).toBeNull();
    const free = await newImage(site);
    expect(await images.isImageInUse(free, unending)).toBe(false);
    const info = await images.inspectImage(free.path, free.format, unending);
    expect(await images.inspectFreeImage(free, unending)).toEqual(info);
  },

  'a layer is committed into one below it': async (site) => {
    const base = await newImage(site);
    const middle = await newImage(site, base);
    const top = await newImage(site, middle);
    const reported: number[] = [];
    const report = (fraction: number): void => void reported.push(fraction);
    await site.images.commitImage(top, base.path, report, unending);
    expect(reported.at(-1)).toBe(1);
    const wrong = site.images.commitImage(base, top.path, silent, unending);
    expect(await failureOf(wrong)).toMatchObject({ code: 'imageFailed' });
  },

  'a layer gets another backing file, or none': async (site) => {
    const { images } = site;
    const base = await newImage(site);
    const middle = await newImage(site, base);
    const top = await newImage(site, middle);
    await images.rebaseImage(top, base, silent, unending);
    expect(await images.inspectImage(top.path, 'qcow2', unending)).toMatchObject({
      backingPath: base.path,
      backingFormat: 'qcow2',
    });
    await images.rebaseImage(top, null, silent, unending);
    expect(await images.inspectImage(top.path, 'qcow2', unending)).toMatchObject({
      backingPath: null,
    });
  },
};
