import type { HostView } from '../../../src/ports/domain.ts';
import { unless } from '../check.ts';

/** Where whole images go. */
export interface ImageTarget {
  /** Absolute path on the host, which its QEMU can reach, too. */
  readonly directory: string;
  /** Of the image; of several disks each gets its name before the ending. */
  readonly fileName: string;
}

/** What stands there already, and whose it is. */
export interface TargetFacts {
  /** `null`: there is no such directory. */
  readonly availableBytes: number | null;
  /** Paths of images-to-be at which something stands. */
  readonly standing: readonly string[];
  /** Domains that name one of these paths for a disk, by uuid. */
  readonly users: readonly string[];
  /** Other domains whose disks lie in that directory, by uuid; none where this domain's do, too. */
  readonly neighbours: readonly string[];
}

/** A file system takes 255 bytes, and the drafts of a run have longer names. */
const fileNameBytesMax = 150;

/** The image's own name where it is the only one; else `NAME-vda.ENDING`. */
export function imageFileName(
  { fileName }: Pick<ImageTarget, 'fileName'>,
  targetDev: string,
  count: number,
): string {
  if (count === 1) return fileName;
  const dot = fileName.lastIndexOf('.');
  if (dot <= 0) return `${fileName}-${targetDev}`;
  return `${fileName.slice(0, dot)}-${targetDev}${fileName.slice(dot)}`;
}

/** Where the images of these disks shall stand. */
export function imagePaths(target: ImageTarget, chosen: readonly string[]): readonly string[] {
  return chosen.map(
    (targetDev) => `${target.directory}/${imageFileName(target, targetDev, chosen.length)}`,
  );
}

/** `null`: it may name a file. */
export function fileNameObjection(fileName: string): string | null {
  if (/^\.{0,2}$/.test(fileName) || /[/\p{Cc}]/u.test(fileName))
    return `'${fileName}' cannot name an image: give a file name without a slash, and the directory apart from it`;
  return unless(
    fileName.length <= fileNameBytesMax,
    () => `the name of the image is too long: take at most ${fileNameBytesMax} characters`,
  );
}

/** `null`: qemu-img of the host writes it. */
export function formatObjection(
  format: string,
  { formats, host }: { readonly formats: readonly string[]; readonly host: HostView },
): string | null {
  return unless(
    formats.includes(format),
    () => `qemu-img of ${host.hostname} does not write ${format}: it writes ${formats.join(', ')}`,
  );
}

/** What every workflow that writes images asks of the place. */
export function targetObjection(
  { directory }: ImageTarget,
  { availableBytes, neighbours, standing, users }: TargetFacts,
): string | null {
  if (!directory.startsWith('/'))
    return `the directory ${directory} is not an absolute path: name it as the host sees it`;
  if (availableBytes === null)
    return `the host has no directory ${directory}: make it, where its QEMU may write, or name another`;
  if (users.length > 0)
    return `domain ${users.join(', ')} of the host has ${directory} hold a disk of that name: choose another name`;
  if (standing.length > 0)
    return `${standing.join(', ')} stands already, and nothing is written over: choose another name, or remove it`;
  return unless(
    neighbours.length === 0,
    () =>
      `${directory} holds the disks of another domain (${neighbours.join(', ')}): choose a directory for images`,
  );
}

/** What a layer or an image takes at most that holds so much: its header and tables, too. */
export function roomFor(heldBytes: number): number {
  return Math.ceil(heldBytes * 1.02) + 2 ** 21;
}
