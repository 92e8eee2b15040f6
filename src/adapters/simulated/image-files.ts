import { dirname } from 'node:path/posix';
import { FailureError } from '../../ports/failure.ts';
import type { FormattedImage } from '../../ports/images.ts';
import type { Layer } from './disk-chain.ts';
import { chainFrom, lockOn } from './disk-chain.ts';
import { layerViewOf } from './disk-source.ts';
import { fileAt, freeBytes } from './host-files.ts';
import type { SimulatedCaller } from './simulated-caller.ts';
import type { VolumeFile } from './volume-file.ts';
import { headOf, lengthOf } from './volume-file.ts';

/** What qemu-img and the coreutils of a simulated host refuse, before they touch anything. */

export function refusal({ uri }: SimulatedCaller, code: string, message: string): FailureError {
  return new FailureError({ code, message: `${uri}: ${message}`, effect: 'none' });
}

/** @throws FailureError `invalidArgument` */
export function requirePaths(caller: SimulatedCaller, ...paths: readonly string[]): void {
  const wrong = paths.find((path) => !path.startsWith('/') || path.includes('\0'));
  if (wrong !== undefined)
    throw refusal(caller, 'invalidArgument', `${JSON.stringify(wrong)} is not an absolute path`);
}

/** As {@link requirePaths}, but for those that are on a network. */
export function requirePlaces(caller: SimulatedCaller, ...places: readonly string[]): void {
  const local = places.filter((place) => layerViewOf({ path: place, format: 'raw' }).path !== null);
  requirePaths(caller, ...local);
}

/** @throws FailureError `noSuchImage` */
export function requireFile(caller: SimulatedCaller, path: string): VolumeFile {
  const file = fileAt(caller.world, caller.host, path);
  if (file === undefined)
    throw refusal(caller, 'noSuchImage', `${path}: No such file or directory`);
  return file;
}

/** @throws FailureError `imageExists`, `noSuchImage` where its directory is missing */
export function requireAbsent(caller: SimulatedCaller, path: string): void {
  requireDirectory(caller, path);
  if (fileAt(caller.world, caller.host, path) !== undefined)
    throw refusal(caller, 'imageExists', `${path}: File exists`);
}

/** @throws FailureError `noSuchImage` */
export function requireDirectory(caller: SimulatedCaller, path: string): void {
  if (freeBytes(caller.world, caller.host, dirname(path)) === null)
    throw refusal(caller, 'noSuchImage', `${path}: No such file or directory`);
}

/** What is asked for has that format; anything can be read as raw. @throws FailureError `unknownFormat` */
export function requireFormat(
  caller: SimulatedCaller,
  file: VolumeFile,
  { format, path }: FormattedImage,
): void {
  if (format !== 'raw' && headOf(file).format !== format)
    throw refusal(caller, 'unknownFormat', `${path}: Image is not in ${format} format`);
}

/** Every file of it stands, and tells the format of the next. @throws FailureError `noSuchImage`, `unknownFormat` */
export function requireChain(caller: SimulatedCaller, top: FormattedImage): Layer[] {
  requireFormat(caller, requireFile(caller, top.path), top);
  const layers = chainFrom(caller, top.path);
  for (const { backing, path } of layers) {
    if (backing === null) continue;
    requireFile(caller, backing.path);
    if (backing.format === null)
      throw refusal(caller, 'unknownFormat', `${path} does not name its backing file's format`);
  }
  return layers;
}

/** QEMU's locks: many may read, one may write. @throws FailureError `imageInUse` */
export function requireUnlocked(
  caller: SimulatedCaller,
  path: string,
  purpose: 'read' | 'write',
): void {
  const lock = lockOn(caller, path);
  if (lock === null || (lock === 'read' && purpose === 'read')) return;
  throw refusal(caller, 'imageInUse', `${path}: Failed to get "${purpose}" lock`);
}

/** @throws FailureError `noSpace`, with what was written until then */
export function requireSpace(caller: SimulatedCaller, path: string, fileBytes: number): void {
  const { host, uri, world } = caller;
  const standing = fileAt(world, host, path);
  const ownBytes = standing === undefined ? 0 : lengthOf(standing.content);
  if ((freeBytes(world, host, dirname(path)) ?? 0) + ownBytes >= fileBytes) return;
  const message = `${uri}: ${path}: No space left on device`;
  throw new FailureError({ code: 'noSpace', message, effect: 'unknown' });
}
