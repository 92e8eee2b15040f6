import { dirname } from 'node:path/posix';
import type { HostImages } from '../../ports/images.ts';
import { dropFile, fileAt, filesOf, freeBytes, putFile } from './host-files.ts';
import {
  refusal,
  requireAbsent,
  requireDirectory,
  requireFile,
  requirePaths,
  requireSpace,
} from './image-files.ts';
import type { SimulatedCaller } from './simulated-caller.ts';
import { toolsOf } from './tool-call.ts';
import { checksumOf, lengthOf } from './volume-file.ts';

type FileCalls = Pick<
  HostImages,
  | 'hasFile'
  | 'availableBytes'
  | 'checksumFile'
  | 'renameFile'
  | 'removeFile'
  | 'writeText'
  | 'readText'
  | 'listFiles'
>;

const textBytesMax = 2 ** 20;

/** The files of a simulated host, by its coreutils. */
export function fileCalls(caller: SimulatedCaller): FileCalls {
  const { host, world } = caller;
  const { ask, change } = toolsOf(caller);
  return {
    hasFile: (path, signal) =>
      ask('hasFile', signal, () => fileAt(world, host, path) !== undefined),

    availableBytes: (directory, signal) =>
      ask('availableBytes', signal, () => freeBytes(world, host, directory)),

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
