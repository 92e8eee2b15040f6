import { dirname } from 'node:path/posix';
import type { VolumeFile } from './volume-file.ts';
import { lengthOf } from './volume-file.ts';
import type { Host, World } from './world.ts';
import { poolOf } from './world.ts';

/** What a host sees at that path: a file of its own, or one on storage of all hosts. */
export function fileAt(world: World, host: Host, path: string): VolumeFile | undefined {
  return host.files.get(path) ?? world.sharedFiles.get(path);
}

/** Makes the file or replaces it; a new one is shared where its directory is. */
export function putFile(world: World, host: Host, path: string, file: VolumeFile): void {
  filesFor(world, host, path).set(path, file);
  world.changed();
}

export function dropFile(world: World, host: Host, path: string): void {
  filesFor(world, host, path).delete(path);
  world.changed();
}

/** Whether hosts see the same file there. */
export function isShared(world: World, host: Host, path: string): boolean {
  return filesFor(world, host, path) === world.sharedFiles;
}

/** Every file that the host sees, in the order of their paths. */
export function filesOf(world: World, host: Host): [string, VolumeFile][] {
  return [...new Map([...world.sharedFiles, ...host.files])].toSorted(([a], [b]) =>
    a < b ? -1 : 1,
  );
}

/** Bytes that are free on the file system of that directory; `null`: there is no such directory. */
export function freeBytes(world: World, host: Host, directory: string): number | null {
  const files = filesOf(world, host).filter(([path]) => dirname(path) === directory);
  const declared = [...host.directories, ...host.pools.map(toDirectory)];
  const found = declared.find(({ path }) => path === directory);
  if (found === undefined && files.length === 0 && !world.sharedDirectories.has(directory))
    return null;
  if (host.disksAreFull) return 0;
  const taken = files.reduce((sum, [, { content }]) => sum + lengthOf(content), 0);
  return Math.max(0, (found?.capacityBytes ?? roomyBytes) - taken);
}

/** Of directories whose size nobody told. */
const roomyBytes = 2 ** 43;

function toDirectory({ targetPath, capacityBytes }: Host['pools'][number]) {
  return { path: targetPath, capacityBytes };
}

function filesFor(world: World, host: Host, path: string): Map<string, VolumeFile> {
  if (host.files.has(path)) return host.files;
  const isOnSharedStorage =
    world.sharedDirectories.has(dirname(path)) && poolOf(host, path) === undefined;
  return world.sharedFiles.has(path) || isOnSharedStorage ? world.sharedFiles : host.files;
}
