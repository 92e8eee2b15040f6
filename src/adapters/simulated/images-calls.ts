import { dirname } from 'node:path/posix';
import type { HostImages, ImageInfo, ReportFraction } from '../../ports/images.ts';
import { commitInto, createLayer, flatBytes, flatten, pullInto, setBacking } from './disk-chain.ts';
import type { HypervisorCall } from './faults.ts';
import { dropFile, fileAt, filesOf, freeBytes, putFile } from './host-files.ts';
import {
  refusal,
  requireAbsent,
  requireChain,
  requireDirectory,
  requireFile,
  requireFormat,
  requirePaths,
  requireSpace,
  requireUnlocked,
} from './image-files.ts';
import type { SimulatedCaller } from './simulated-caller.ts';
import type { Pass } from './tool-call.ts';
import { callTool } from './tool-call.ts';
import { checksumOf, emptyLayerBytes, headOf, lengthOf, partOfFile } from './volume-file.ts';

type ImageCall = HypervisorCall & keyof HostImages;

const formats = ['raw', 'qcow2', 'vmdk', 'vdi', 'vpc'];
/** How often qemu-img tells how far it is, here. */
const steps = 16;
const textBytesMax = 2 ** 20;

/** {@link HostImages} on the files of a simulated host. */
export function imagesCalls(caller: SimulatedCaller): HostImages {
  const { host, world } = caller;
  const ask = <T>(name: ImageCall, signal: AbortSignal, work: () => T): Promise<T> =>
    callTool(caller, { name, signal, effect: 'none' }, work);
  const change = (
    name: ImageCall,
    signal: AbortSignal,
    work: (pass: Pass) => void | Promise<void>,
  ): Promise<void> => callTool(caller, { name, signal, effect: 'unknown' }, work);

  return {
    imageFormats: (signal) => ask('imageFormats', signal, () => formats),

    inspectImage: (path, format, signal) =>
      ask('inspectImage', signal, () => {
        requirePaths(caller, path);
        return inspect(caller, path, format);
      }),

    availableBytes: (directory, signal) =>
      ask('availableBytes', signal, () => freeBytes(world, host, directory)),

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

    convertImage: ({ from, shared, to }, report, signal) =>
      change('convertImage', signal, async (pass) => {
        requirePaths(caller, to.path);
        const [top] = requireChain(caller, from);
        if (!shared) requireUnlocked(caller, from.path, 'read');
        requireKnown(caller, to.format);
        requireDirectory(caller, to.path);
        requireUnlocked(caller, to.path, 'write');
        const diskBytes = top?.virtualSizeBytes ?? 0;
        await write(caller, diskBytes, pass, report, (fraction) => {
          const wholeBytes = flatBytes(to.format, diskBytes);
          requireSpace(caller, to.path, fraction * wholeBytes);
          const head = { format: to.format, capacityBytes: diskBytes, backingPath: null };
          putFile(world, host, to.path, partOfFile(to.path, head, fraction * wholeBytes));
        });
        flatten(caller, from.path, to);
      }),

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

    checksumFile: (path, signal) =>
      ask('checksumFile', signal, () => checksumOf(requireFile(caller, path).content)),

    renameFile: (from, to, signal) =>
      change('renameFile', signal, () => {
        requirePaths(caller, from, to);
        const file = requireFile(caller, from);
        requireAbsent(caller, to);
        dropFile(world, host, from);
        putFile(world, host, to, file);
      }),

    removeFile: (path, signal) =>
      change('removeFile', signal, () => {
        requirePaths(caller, path);
        dropFile(world, host, path);
      }),

    writeText: (path, text, signal) =>
      change('writeText', signal, () => {
        requirePaths(caller, path);
        requireDirectory(caller, path);
        const bytes = Buffer.from(text);
        requireSpace(caller, path, bytes.length);
        putFile(world, host, path, { capacityBytes: bytes.length, content: [bytes], revision: 0 });
      }),

    readText: (path, signal) =>
      ask('readText', signal, () => {
        const file = fileAt(world, host, path);
        if (file !== undefined && lengthOf(file.content) > textBytesMax)
          throw refusal(caller, 'imageFailed', `${path} is too large for a text`);
        return file === undefined ? null : Buffer.concat(file.content).toString();
      }),

    listFiles: (directory, signal) =>
      ask('listFiles', signal, () => {
        if (freeBytes(world, host, directory) === null) return null;
        const paths = filesOf(world, host).map(([path]) => path);
        return paths.filter((path) => dirname(path) === directory);
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
