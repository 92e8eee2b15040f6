import { basename, dirname, join } from 'node:path/posix';
import type { HostImages } from '../../ports/images.ts';
import type { Tools } from './tools.ts';
import { requirePaths } from './tools.ts';

type FileCalls = Pick<
  HostImages,
  | 'availableBytes'
  | 'checksumFile'
  | 'renameFile'
  | 'removeFile'
  | 'writeText'
  | 'readText'
  | 'listFiles'
>;

const textBytesMax = 2 ** 20;

/** Files of a host by its coreutils and find. */
export function fileCalls(tools: Tools): FileCalls {
  return {
    async availableBytes(directory, signal) {
      requirePaths(tools, directory);
      const words = ['-B1', '--output=avail', '--', `${directory}/.`];
      const answer = await tools.askAbout(['df', ...words], signal);
      const bytes = answer?.trim().split('\n').at(-1)?.trim();
      return bytes === undefined ? null : numberOf(tools, 'df', bytes);
    },

    async checksumFile(path, signal) {
      requirePaths(tools, path);
      const answer = await tools.read(['sha256sum', '--', path], signal);
      // Before a name with a line break in it stands a backslash.
      const found = /^\\?([0-9a-f]{64}) /.exec(answer)?.[1];
      if (found === undefined) throw tools.refusal('imageFailed', 'sha256sum answered no checksum');
      return found;
    },

    async renameFile(from, to, signal) {
      requirePaths(tools, from, to);
      const inode = await fileOf(tools, from, signal);
      if (inode === null) throw tools.refusal('noSuchImage', `${from} does not exist`);
      // A name that stands must not lead to data that a power failure has lost.
      await tools.change(['sync', '--', from], signal);
      await tools.change(['mv', '-nT', '--', from, to], signal);
      // An older mv says nothing about a file that it left where it was.
      if ((await fileOf(tools, from, signal)) !== null)
        throw tools.refusal('imageExists', `${to} exists already`);
      await tools.change(['sync', '--', dirname(to)], signal);
    },

    async removeFile(path, signal) {
      requirePaths(tools, path);
      await tools.change(['rm', '-f', '--', path], signal);
    },

    async writeText(path, text, signal) {
      requirePaths(tools, path);
      const part = partPath(path);
      await tools.change(['dd', `of=${part}`, 'conv=fsync', 'status=none'], signal, text);
      await tools.change(['mv', '-fT', '--', part, path], signal);
      await tools.change(['sync', '--', dirname(path)], signal);
    },

    async readText(path, signal) {
      requirePaths(tools, path);
      const words = ['-c', String(textBytesMax + 1), '--', path];
      const text = await tools.askAbout(['head', ...words], signal);
      if (text !== null && Buffer.byteLength(text) > textBytesMax)
        throw tools.refusal('imageFailed', `${path} is too large for a text`);
      return text;
    },

    async listFiles(directory, signal) {
      requirePaths(tools, directory);
      const words = [`${directory}/.`, '-mindepth', '1', '-maxdepth', '1', '-type', 'f', '-printf'];
      const answer = await tools.askAbout(['find', ...words, '%f\\0'], signal);
      if (answer === null) return null;
      const names = answer.split('\0').filter((name) => name !== '');
      return names.map((name) => join(directory, name)).toSorted();
    },
  };
}

/** Where a text is written to before it has its name. */
export function partPath(path: string): string {
  return join(dirname(path), `.${basename(path)}.part`);
}

/** What tells one file of a host from another. */
function fileOf(tools: Tools, path: string, signal: AbortSignal): Promise<string | null> {
  return tools.askAbout(['stat', '-c', '%d:%i', '--', path], signal);
}

function numberOf(tools: Tools, what: string, text: string): number {
  const number = Number(text);
  if (text === '' || !Number.isSafeInteger(number))
    throw tools.refusal('imageFailed', `${what} answered no number`);
  return number;
}
