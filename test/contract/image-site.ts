import type { FormattedImage, HostImages } from '../../src/ports/images.ts';

/** Where images of a host may be made, and what stands there already. */
export interface ImageSite {
  readonly images: HostImages;
  /** With room for some hundred MiB, and empty but for what is named here. */
  readonly directory: string;
  /** On a file system of 8 MiB. */
  readonly narrowDirectory: string;
  /** A raw disk of 32 MiB without a hole in it. */
  readonly full: FormattedImage;
  /** The disk of a guest that runs. */
  readonly inUse: FormattedImage;
  /** Lets time pass while the work goes on. */
  run<T>(work: Promise<T>): Promise<T>;
  close(): Promise<void>;
}

/** What must be true, and how it is shown. */
export type ImageCases = Readonly<Record<string, (site: ImageSite) => Promise<void>>>;

export const mib = 2 ** 20;
export const fullBytes = 32 * mib;
export const silent = (): void => undefined;

/** A path of the directory that nobody else of this suite takes. */
export function newPath({ directory }: ImageSite): string {
  pathCount += 1;
  return `${directory}/file-${pathCount}`;
}
let pathCount = 0;
