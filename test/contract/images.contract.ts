import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { imageChainCases } from './image-chains.cases.ts';
import { failureOf, unending } from './fixture.ts';
import { imageSizesCases } from './image-sizes.cases.ts';
import { imageStoreCases } from './image-store.cases.ts';
import type { ImageCases, ImageSite } from './image-site.ts';
import { mib, newPath, silent } from './image-site.ts';

const fileCases: ImageCases = {
  'a text is written, replaced, read and removed': async (site) => {
    const { images } = site;
    const path = newPath(site);
    expect(await images.readText(path, unending)).toBeNull();
    const text = `it's "$(so)"\nand so\n`;
    await images.writeText(path, 'something else that is longer than it', unending);
    await images.writeText(path, text, unending);
    expect(await images.readText(path, unending)).toBe(text);
    const sha256 = createHash('sha256').update(text).digest('hex');
    expect(await images.checksumFile(path, unending)).toBe(sha256);
    expect(await images.listFiles(site.directory, unending)).toContain(path);
    await images.removeFile(path, unending);
    await images.removeFile(path, unending);
    expect(await images.readText(path, unending)).toBeNull();
    expect(await images.listFiles(site.directory, unending)).not.toContain(path);
  },

  'names mean nothing but themselves': async (site) => {
    const { directory, images } = site;
    const path = `${directory}/-it's; $(a) "name" *`;
    await images.writeText(path, 'text', unending);
    const moved = `${directory}/ ~other\\`;
    await images.renameFile(path, moved, unending);
    expect(await images.listFiles(directory, unending)).toContain(moved);
    expect(await images.readText(moved, unending)).toBe('text');
    await images.removeFile(moved, unending);
  },

  'what is not there is told so': async ({ directory, images }) => {
    const nowhere = `${directory}/nowhere`;
    expect(await images.listFiles(nowhere, unending)).toBeNull();
    expect(await images.availableBytes(nowhere, unending)).toBeNull();
    expect(await images.inspectImage(nowhere, 'raw', unending)).toBeNull();
    const missing = { code: 'noSuchImage', effect: 'none' };
    const image = { path: nowhere, format: 'raw' };
    for (const call of [
      () => images.checksumFile(nowhere, unending),
      () => images.measureImage(image, 'raw', unending),
      () => images.renameFile(nowhere, `${directory}/there`, unending),
      () => images.rebaseImage(image, null, silent, unending),
    ])
      expect(await failureOf(call())).toMatchObject(missing);
  },

  'a directory tells how much room it has': async ({ directory, images, narrowDirectory }) => {
    const room = await images.availableBytes(directory, unending);
    expect(room).toBeGreaterThan(100 * mib);
    const little = (await images.availableBytes(narrowDirectory, unending)) ?? 0;
    expect(little).toBeGreaterThan(4 * mib);
    expect(little).toBeLessThanOrEqual(8 * mib);
  },

  'a rename never takes the place of another file': async (site) => {
    const { images } = site;
    const [one, other] = [newPath(site), newPath(site)];
    await images.writeText(one, 'one', unending);
    await images.writeText(other, 'other', unending);
    const failure = await failureOf(images.renameFile(one, other, unending));
    expect(failure).toMatchObject({ code: 'imageExists', effect: 'none' });
    expect(await images.readText(one, unending)).toBe('one');
    expect(await images.readText(other, unending)).toBe('other');
    await images.removeFile(other, unending);
    await images.renameFile(one, other, unending);
    expect(await images.readText(one, unending)).toBeNull();
    expect(await images.readText(other, unending)).toBe('one');
    await images.removeFile(other, unending);
  },

  'a path is absolute, and nothing else': async ({ images }) => {
    for (const path of ['image', 'nbd:unix:/x', '-f', '']) {
      const failure = await failureOf(images.inspectImage(path, 'raw', unending));
      expect(failure).toMatchObject({ code: 'invalidArgument', effect: 'none' });
    }
  },

  'what is aborted before it began has not happened': async (site) => {
    const path = newPath(site);
    const call = site.images.writeText(path, 'text', AbortSignal.abort());
    expect(await failureOf(call)).toMatchObject({ code: 'aborted', effect: 'none' });
    expect(await site.images.readText(path, unending)).toBeNull();
  },
};

const cases = {
  files: fileCases,
  chains: imageChainCases,
  sizes: imageSizesCases,
  'a directory store': imageStoreCases,
};

/** What every implementation owes to {@link HostImages}, seen only through it. */
export function imagesContract(
  name: string,
  setup: () => Promise<ImageSite>,
  timeoutMs: number,
): void {
  describe(`images contract: ${name}`, () => {
    let site: ImageSite;
    beforeAll(async () => {
      site = await setup();
    }, timeoutMs);
    afterAll(() => site.close(), timeoutMs);

    describe.each(Object.entries(cases))('%s', (_, part) => {
      for (const [title, prove] of Object.entries(part))
        test(title, { timeout: timeoutMs }, () => site.run(prove(site)));
    });
  });
}
