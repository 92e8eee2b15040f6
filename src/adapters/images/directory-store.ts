import { dirname, join } from 'node:path/posix';
import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { FailureError } from '../../ports/failure.ts';
import type { ImageMetadata, ImageStore } from '../../ports/image-store.ts';
import type { HostImages } from '../../ports/images.ts';
import { partPath } from './file-calls.ts';

/** A file system's limit is 255, and what is staged has a longer name. */
const nameBytesMax = 200;
const plainFormat = /^[a-z0-9-]{1,20}$/;
const sidecarSuffix = '.json';

const byteCount = z.int().nonnegative();
const metadataSchema = z.object({
  name: z.string(),
  format: z.string().regex(plainFormat),
  virtualSizeBytes: byteCount,
  sizeBytes: byteCount,
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  consistency: z.enum(['application', 'filesystem', 'crash']),
  createdAtEpochMs: z.int(),
  source: z.object({
    host: z.string(),
    domainUuid: z.string(),
    domainName: z.string(),
    targetDev: z.string(),
  }),
}) satisfies z.ZodType<ImageMetadata>;

/**
 * Images in a directory of a host: each a file NAME.FORMAT and what is known of it in NAME.json
 * beside it. The sidecar comes last and is what makes it an image: a file without one is none.
 */
export function directoryStore(images: HostImages, directory: string): ImageStore {
  const paths = storePaths(directory);

  const read = async (path: string, signal: AbortSignal): Promise<ImageMetadata | null> => {
    const text = await images.readText(path, signal);
    const metadata = text === null ? null : readMetadata(text);
    return metadata !== null && paths.sidecar(metadata.name) === path ? metadata : null;
  };

  return {
    stagingPath: paths.staged,
    place: paths.image,
    find: (name, signal) => read(paths.sidecar(name), signal),

    async list(signal) {
      const files = (await images.listFiles(directory, signal)) ?? [];
      const found: ImageMetadata[] = [];
      for (const path of files.filter((each) => each.endsWith(sidecarSuffix))) {
        const metadata = await read(path, signal);
        if (metadata !== null && files.includes(paths.image(metadata.name, metadata.format)))
          found.push(metadata);
      }
      return found;
    },

    async keep(metadata, signal) {
      const { name, format } = metadata;
      const standing = await read(paths.sidecar(name), signal);
      if (standing !== null) return requireSame(standing, metadata, directory);
      await unstage(images, paths.staged(name, format), paths.image(name, format), signal);
      const kept = await measured(images, metadata, paths.image(name, format), signal);
      const text = `${JSON.stringify(kept, null, 2)}\n`;
      await images.writeText(paths.stagedSidecar(name), text, signal);
      await images.renameFile(paths.stagedSidecar(name), paths.sidecar(name), signal);
      return kept;
    },

    async remove(name, format, signal) {
      const stagedSidecar = paths.stagedSidecar(name);
      // The sidecar first: what is half removed must not be taken for an image.
      const texts = [paths.sidecar(name), stagedSidecar, partPath(stagedSidecar)];
      for (const path of [...texts, paths.image(name, format), paths.staged(name, format)])
        await images.removeFile(path, signal);
    },
  };
}

/** Every path checks the name that goes into it. What is staged is hidden, and no name begins so. */
function storePaths(directory: string) {
  const inDirectory = (name: string, build: (name: string) => string): string =>
    join(directory, build(requireName(name)));
  return {
    image: (name: string, format: string) =>
      inDirectory(name, (plain) => `${plain}.${requireFormat(format)}`),
    staged: (name: string, format: string) =>
      inDirectory(name, (plain) => `.${plain}.${requireFormat(format)}.staged`),
    sidecar: (name: string) => inDirectory(name, (plain) => `${plain}${sidecarSuffix}`),
    stagedSidecar: (name: string) =>
      inDirectory(name, (plain) => `.${plain}${sidecarSuffix}.staged`),
  };
}

/** A keep that was cut off may have done so already, and there is nothing staged then. */
async function unstage(
  images: HostImages,
  staged: string,
  path: string,
  signal: AbortSignal,
): Promise<void> {
  try {
    await images.renameFile(staged, path, signal);
  } catch (error) {
    const isGone = error instanceof FailureError && error.failure.code === 'noSuchImage';
    if (!isGone) throw error;
    const files = await images.listFiles(dirname(path), signal);
    if (files?.includes(path) !== true) throw error;
  }
}

async function measured(
  images: HostImages,
  metadata: Unmeasured,
  path: string,
  signal: AbortSignal,
): Promise<ImageMetadata> {
  const info = await images.inspectImage(path, metadata.format, signal);
  if (info === null) throw refused('noSuchImage', `${path} is gone`);
  const sha256 = await images.checksumFile(path, signal);
  return { ...metadata, sizeBytes: info.allocationBytes, sha256 };
}

type Unmeasured = Omit<ImageMetadata, 'sha256' | 'sizeBytes'>;

/** @throws FailureError `imageExists` */
function requireSame(standing: ImageMetadata, wanted: Unmeasured, directory: string) {
  const { sha256, sizeBytes } = standing;
  if (isDeepStrictEqual(standing, { ...wanted, sha256, sizeBytes })) return standing;
  throw refused('imageExists', `${directory} has an image ${wanted.name} already`);
}

/** What is no sidecar of ours is left alone, whoever put it there. */
function readMetadata(text: string): ImageMetadata | null {
  try {
    const { data } = metadataSchema.safeParse(JSON.parse(text));
    return data ?? null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

/** @throws FailureError `invalidArgument` for what is no plain file name */
function requireName(name: string): string {
  const isPlain = name !== '' && !name.startsWith('.') && !/[/\p{C}]/u.test(name);
  if (isPlain && Buffer.byteLength(name) <= nameBytesMax) return name;
  const rule = `not empty, without a slash or a leading dot, at most ${nameBytesMax} bytes`;
  throw refused('invalidArgument', `${JSON.stringify(name)} is no name of an image: ${rule}`);
}

function requireFormat(format: string): string {
  if (plainFormat.test(format)) return format;
  throw refused('unknownFormat', `${JSON.stringify(format)} is no format of an image`);
}

function refused(code: string, message: string): FailureError {
  return new FailureError({ code, message, effect: 'none' });
}
