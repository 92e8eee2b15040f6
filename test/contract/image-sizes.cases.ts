import { expect } from 'vitest';
import { failureOf, unending } from './fixture.ts';
import type { ImageCases } from './image-site.ts';
import { mib, newPath } from './image-site.ts';

/** How large an image is, and whether somebody has it. */
export const imageSizesCases: ImageCases = {
  'an image grows, and is cut only where that is what was asked for': async (site) => {
    const { images } = site;
    for (const format of ['qcow2', 'raw']) {
      const image = { path: newPath(site), format };
      await images.createImage({ ...image, virtualSizeBytes: 4 * mib, backing: null }, unending);
      const size = async () =>
        (await images.inspectImage(image.path, format, unending))?.virtualSizeBytes;
      for (const _ of [1, 2]) await images.resizeImage(image, 8 * mib, unending);
      expect(await size()).toBe(8 * mib);
      expect(await failureOf(images.resizeImage(image, 4 * mib, unending))).not.toBeNull();
      expect(await size()).toBe(8 * mib);
      for (const _ of [1, 2]) await images.cutImage(image, 4 * mib, unending);
      expect(await size()).toBe(4 * mib);
      await images.removeFile(image.path, unending);
    }
  },

  'a name is looked for': async (site) => {
    const { full, images } = site;
    expect(await images.hasFile(`${site.directory}/nowhere`, unending)).toBe(false);
    expect(await images.hasFile(full.path, unending)).toBe(true);
  },
};
