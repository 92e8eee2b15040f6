import { basename, dirname, join } from 'node:path/posix';
import type { HostImages } from '../../ports/images.ts';
import type { Tools } from './tools.ts';
import { requirePaths } from './tools.ts';

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

/**
 * A name that stands must not lead to data that a power failure has lost. An older mv says nothing
 * about a file that it left where it was.
 */
const nameScript = `
sync -- "$1" && mv -nT -- "$1" "$2" || exit
if [ -e "$1" ]; then echo "mv: $2: File exists" >&2; exit 1; fi
sync -- "$3"
`;

/** Files of a host by its coreutils and find. */
export function fileCalls(tools: Tools): FileCalls {
  return {
    async hasFile(path, signal) {
      requirePaths(tools, path);
      return (await tools.askAbout(['stat', '-L', '-c', '%F', '--', path], signal)) !== null;
    },

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
      await tools.change(['sh', '-c', nameScript, 'sh', from, to, dirname(to)], signal);
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

function numberOf(tools: Tools, what: string, text: string): number {
  const number = Number(text);
  if (text === '' || !Number.isSafeInteger(number))
    throw tools.refusal('imageFailed', `${what} answered no number`);
  return number;
}
