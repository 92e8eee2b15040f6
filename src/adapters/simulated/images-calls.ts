import type { HostImages, ImageInfo, ReportFraction } from '../../ports/images.ts';
import { commitInto, createLayer, flatBytes, flatten, lockOn } from './disk-chain.ts';
import { pullInto, setBacking } from './disk-chain.ts';
import { cutFile, flattenInto, growFile } from './disk-size.ts';
import { fileCalls } from './file-calls.ts';
import { fileAt, putFile } from './host-files.ts';
import {
  refusal,
  requireAbsent,
  requireChain,
  requireDirectory,
  requireFile,
  requireFormat,
  requirePaths,
  requirePlaces,
  requireSpace,
  requireUnlocked,
} from './image-files.ts';
import type { SimulatedCaller } from './simulated-caller.ts';
import type { Pass } from './tool-call.ts';
import { toolsOf } from './tool-call.ts';
import { emptyLayerBytes, headOf, lengthOf, partOfFile } from './volume-file.ts';

const formats = ['raw', 'qcow2', 'vmdk', 'vdi', 'vpc'];
/** How often qemu-img tells how far it is, here. */
const steps = 16;

type ImageCalls = Pick<
  HostImages,
  | 'imageFormats'
  | 'inspectImage'
  | 'inspectFreeImage'
  | 'isImageInUse'
  | 'measureImage'
  | 'createImage'
  | 'convertImage'
  | 'resizeImage'
  | 'cutImage'
>;
type LayerCalls = Pick<HostImages, 'commitImage' | 'rebaseImage'>;

/** {@link HostImages} on the files of a simulated host. */
export function imagesCalls(caller: SimulatedCaller): HostImages {
  return { ...imageCalls(caller), ...layerCalls(caller), ...fileCalls(caller) };
}

/** qemu-img. */
function imageCalls(caller: SimulatedCaller): ImageCalls {
  const { host, world } = caller;
  const { ask, change } = toolsOf(caller);
  return {
    imageFormats: (signal) => ask('imageFormats', signal, () => formats),

    inspectImage: (path, format, signal) =>
      ask('inspectImage', signal, () => {
        requirePlaces(caller, path);
        return inspect(caller, path, format);
      }),

    inspectFreeImage: ({ format, path }, signal) =>
      ask('inspectFreeImage', signal, () => {
        requirePlaces(caller, path);
        requireUnlocked(caller, path, 'read');
        return inspect(caller, path, format);
      }),

    isImageInUse: ({ path }, signal) =>
      ask('isImageInUse', signal, () => lockOn(caller, path) === 'write'),

    measureImage: (from, toFormat, signal) =>
      ask('measureImage', signal, () => {
        const [top] = requireChain(caller, from);
        return flatBytes(toFormat, top?.virtualSizeBytes ?? 0);
      }),

    createImage: ({ backing, format, path, virtualSizeBytes }, signal) =>
      change('createImage', signal, () => {
        requirePaths(caller, path);
        requireAbsent(caller, path);
        requireKnown(caller, format);
        if (backing !== null) requireChain(caller, backing);
        requireSpace(caller, path, format === 'raw' ? virtualSizeBytes : emptyLayerBytes);
        createLayer(caller, { path, format }, virtualSizeBytes, backing);
      }),

    resizeImage: (image, sizeBytes, signal) =>
      change('resizeImage', signal, () => {
        requireFormat(caller, requireFile(caller, image.path), image);
        requireUnlocked(caller, image.path, 'write');
        if (image.format === 'raw') requireSpace(caller, image.path, sizeBytes);
        growFile(caller, image.path, sizeBytes);
      }),

    cutImage: (image, sizeBytes, signal) =>
      change('cutImage', signal, () => {
        requireFormat(caller, requireFile(caller, image.path), image);
        requireUnlocked(caller, image.path, 'write');
        cutFile(caller, image.path, sizeBytes);
      }),

    convertImage: ({ from, reuseExternal, shared, to }, report, signal) =>
      change('convertImage', signal, async (pass) => {
        requirePlaces(caller, to.path);
        if (reuseExternal === true) requireFormat(caller, requireFile(caller, to.path), to);
        const [top] = requireChain(caller, from);
        if (!shared) requireUnlocked(caller, from.path, 'read');
        requireKnown(caller, to.format);
        requireDirectory(caller, to.path);
        requireUnlocked(caller, to.path, 'write');
        const diskBytes = top?.virtualSizeBytes ?? 0;
        await write(caller, diskBytes, pass, report, (fraction) => {
          const wholeBytes = flatBytes(to.format, diskBytes);
          requireSpace(caller, to.path, fraction * wholeBytes);
          if (reuseExternal === true) return;
          const head = { format: to.format, capacityBytes: diskBytes, backingPath: null };
          putFile(world, host, to.path, partOfFile(to.path, head, fraction * wholeBytes));
        });
        if (reuseExternal === true) flattenInto(caller, from.path, to);
        else flatten(caller, from.path, to);
      }),
  };
}

/** qemu-img, on layers that lie on others. */
function layerCalls(caller: SimulatedCaller): LayerCalls {
  const { change } = toolsOf(caller);
  return {
    commitImage: (top, basePath, report, signal) =>
      change('commitImage', signal, async (pass) => {
        const layers = requireChain(caller, top);
        for (const path of [top.path, basePath]) requireUnlocked(caller, path, 'write');
        if (!layers.some(({ path }) => path === basePath))
          throw refusal(caller, 'imageFailed', `${basePath} is not in the chain of ${top.path}`);
        await write(caller, layers[0]?.virtualSizeBytes ?? 0, pass, report, () => undefined);
        commitInto(caller, top.path, basePath);
      }),

    rebaseImage: (image, backing, report, signal) =>
      change('rebaseImage', signal, async (pass) => {
        const [top] = requireChain(caller, image);
        requireUnlocked(caller, image.path, 'write');
        if (backing !== null) requireChain(caller, backing);
        await write(caller, top?.virtualSizeBytes ?? 0, pass, report, () => undefined);
        pullInto(caller, image.path, null);
        if (backing !== null) setBacking(caller, image.path, backing);
      }),
  };
}

function inspect(caller: SimulatedCaller, path: string, format: string | null): ImageInfo | null {
  const file = fileAt(caller.world, caller.host, path);
  if (file === undefined) return null;
  const allocationBytes = lengthOf(file.content);
  const common = { path, allocationBytes, encrypted: false };
  if (format !== null) requireFormat(caller, file, { path, format });
  const head = headOf(file);
  const { backingFormat, backingPath } = head;
  if (format === 'raw' && head.format !== 'raw')
    return {
      ...common,
      format,
      virtualSizeBytes: allocationBytes,
      backingPath: null,
      backingFormat: null,
    };
  const virtualSizeBytes = head.capacityBytes;
  return { ...common, format: head.format, virtualSizeBytes, backingPath, backingFormat };
}

/** A whole disk, step by step, each of which may find the file system full. */
async function write(
  { host }: SimulatedCaller,
  diskBytes: number,
  pass: Pass,
  report: ReportFraction,
  reach: (fraction: number) => void,
): Promise<void> {
  report(0);
  for (let step = 1; step <= steps; step += 1) {
    await pass(Math.ceil((diskBytes * 1_000) / host.imageBytesPerS / steps));
    reach(step / steps);
    report(step / steps);
  }
}

/** @throws FailureError `unknownFormat` */
function requireKnown(caller: SimulatedCaller, format: string): void {
  if (!formats.includes(format))
    throw refusal(caller, 'unknownFormat', `Unknown file format '${format}'`);
}
