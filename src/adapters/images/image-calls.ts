import { FailureError } from '../../ports/failure.ts';
import type { FormattedImage, HostImages, ImageInfo } from '../../ports/images.ts';
import { readFormats, readImageInfo, readMeasure } from './image-info.ts';
import type { Tools } from './tools.ts';
import { requirePaths, requirePlaces } from './tools.ts';

type HeadCalls = Pick<
  HostImages,
  | 'imageFormats'
  | 'inspectImage'
  | 'inspectFreeImage'
  | 'isImageInUse'
  | 'measureImage'
  | 'createImage'
>;
type ContentCalls = Pick<
  HostImages,
  'convertImage' | 'commitImage' | 'rebaseImage' | 'resizeImage' | 'cutImage'
>;
type ImageCalls = HeadCalls & ContentCalls;

/** Chains that are longer than what libvirt would start. */
const layersMax = 200;

/**
 * qemu-img. Formats are always told: what a guest wrote to a raw disk may look like another format,
 * with any file of the host for its backing file (CVE-2015-7548).
 */
export function imageCalls(tools: Tools): ImageCalls {
  const calls: HeadCalls = {
    imageFormats: async (signal) => readFormats(await tools.ask(['qemu-img', '--help'], signal)),

    async inspectImage(path, format, signal) {
      requirePlaces(tools, path);
      const as = format === null ? [] : ['-f', format];
      const words = ['info', '--output=json', '-U', ...as, '--', path];
      const json = await tools.askAbout(['qemu-img', ...words], signal);
      return json === null ? null : parsed(tools, json, (text) => readImageInfo(path, text));
    },

    async inspectFreeImage({ format, path }, signal) {
      requirePlaces(tools, path);
      // Without -U it wants a lock, which nobody gives who writes there.
      const words = ['info', '--output=json', '-f', format, '--', path];
      const json = await tools.askAbout(['qemu-img', ...words], signal);
      return json === null ? null : parsed(tools, json, (text) => readImageInfo(path, text));
    },

    async isImageInUse(image, signal) {
      try {
        await calls.inspectFreeImage(image, signal);
        return false;
      } catch (error) {
        if (error instanceof FailureError && error.failure.code === 'imageInUse') return true;
        throw error;
      }
    },

    async measureImage(from, toFormat, signal) {
      const [top] = await explicitChain(calls, tools, from, signal);
      const words = ['--output=json', '-U', '-f', from.format, '-O', toFormat, '--', from.path];
      try {
        const json = await tools.ask(['qemu-img', 'measure', ...words], signal);
        return parsed(tools, json, readMeasure);
      } catch (error) {
        // Drivers beside raw, qcow2 and luks cannot tell: their tables take less than that.
        if (error instanceof FailureError && error.failure.code === 'imageFailed')
          return Math.ceil((top?.virtualSizeBytes ?? 0) * 1.02) + 2 ** 21;
        throw error;
      }
    },

    async createImage(image, signal) {
      const { backing, format, path, virtualSizeBytes } = image;
      requirePaths(tools, path, ...(backing === null ? [] : [backing.path]));
      // Only the file system knows who comes first: whoever makes the file may write an image into it.
      await tools.change(['dd', 'if=/dev/null', `of=${path}`, 'conv=excl', 'status=none'], signal);
      const over = backing === null ? [] : ['-b', backing.path, '-F', backing.format];
      const words = ['create', '-q', '-f', format, ...over, '--', path, String(virtualSizeBytes)];
      try {
        await tools.change(['qemu-img', ...words], signal);
      } catch (error) {
        if (!signal.aborted) await tools.change(['rm', '-f', '--', path], signal);
        throw error;
      }
    },
  };
  return { ...calls, ...contentCalls(calls, tools) };
}

/** qemu-img, on what is in an image. */
function contentCalls(heads: HeadCalls, tools: Tools): ContentCalls {
  return {
    async convertImage({ compress, from, reuseExternal, shared, to }, report, signal) {
      requirePlaces(tools, from.path, to.path);
      await explicitChain(heads, tools, from, signal);
      const flags = [
        ...(shared ? ['-U'] : []),
        ...(compress ? ['-c'] : []),
        ...(reuseExternal === true ? ['-n'] : []),
      ];
      const formats = ['-f', from.format, '-O', to.format];
      const words = ['convert', '-p', ...flags, ...formats, '--', from.path, to.path];
      await tools.work(['qemu-img', ...words], report, signal);
    },

    async resizeImage({ format, path }, sizeBytes, signal) {
      requirePlaces(tools, path);
      const words = ['resize', '-q', '-f', format, '--', path, String(sizeBytes)];
      await tools.change(['qemu-img', ...words], signal);
    },

    async cutImage({ format, path }, sizeBytes, signal) {
      requirePaths(tools, path);
      const words = ['resize', '-q', '--shrink', '-f', format, '--', path, String(sizeBytes)];
      await tools.change(['qemu-img', ...words], signal);
    },

    async commitImage(top, basePath, report, signal) {
      requirePaths(tools, basePath);
      await explicitChain(heads, tools, top, signal);
      // The layer is done with afterwards: to empty it would be work for nothing (-d).
      const words = ['commit', '-p', '-d', '-f', top.format, '-b', basePath, '--', top.path];
      await tools.work(['qemu-img', ...words], report, signal);
    },

    async rebaseImage(image, backing, report, signal) {
      requirePaths(tools, ...(backing === null ? [] : [backing.path]));
      await explicitChain(heads, tools, image, signal);
      const onto = backing === null ? ['-b', ''] : ['-b', backing.path, '-F', backing.format];
      const words = ['rebase', '-p', '-f', image.format, ...onto, '--', image.path];
      await tools.work(['qemu-img', ...words], report, signal);
    },
  };
}

/**
 * Every file below names the format of the next.
 *
 * @throws FailureError `noSuchImage`, `unknownFormat`
 */
async function explicitChain(
  { inspectImage }: HeadCalls,
  tools: Tools,
  top: FormattedImage,
  signal: AbortSignal,
): Promise<ImageInfo[]> {
  const chain: ImageInfo[] = [];
  let next: FormattedImage | null = top;
  while (next !== null) {
    const { path }: FormattedImage = next;
    const info: ImageInfo | null = await inspectImage(path, next.format, signal);
    if (info === null) throw tools.refusal('noSuchImage', `${path} does not exist`);
    chain.push(info);
    if (chain.length > layersMax)
      throw tools.refusal('imageFailed', `${top.path} has more than ${layersMax} layers`);
    next = backingOf(tools, info);
  }
  return chain;
}

function backingOf(tools: Tools, { backingFormat, backingPath, path }: ImageInfo) {
  if (backingPath === null) return null;
  if (backingFormat === null)
    throw tools.refusal(
      'unknownFormat',
      `${path} does not say of which format its backing file ${backingPath} is; ` +
        'tell it with qemu-img rebase -u -F',
    );
  // Anything else is no file of this host, and qemu-img knows how to reach it.
  return backingPath.startsWith('/') ? { path: backingPath, format: backingFormat } : null;
}

function parsed<T>(tools: Tools, json: string, read: (json: string) => T): T {
  try {
    return read(json);
  } catch (error) {
    const failure = tools.refusal('imageFailed', 'qemu-img answered something else').failure;
    throw new FailureError(failure, { cause: error });
  }
}
