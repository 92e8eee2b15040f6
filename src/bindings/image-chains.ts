import { dirname } from 'node:path/posix';

import type { SeenChain } from '../../machines/policy/snapshot-delete/snapshot-delete.ts';
import type { DiskChain } from '../ports/block-jobs.ts';
import type { DomainStatus } from '../ports/domain.ts';
import { FailureError } from '../ports/failure.ts';
import type { Hypervisor } from '../ports/hypervisor.ts';
import type { FormattedImage } from '../ports/images.ts';

/** Chains that are longer than what libvirt would start. */
const layersMax = 200;

export const isActive = ({ state }: Pick<DomainStatus, 'state'>): boolean =>
  !['shutoff', 'crashed', 'nostate'].includes(state);

/** Every disk with its chain and its job; of what does not run, as its image files tell. Reads only. */
export async function readChains(
  host: Hypervisor,
  domain: DomainStatus,
  signal: AbortSignal,
): Promise<readonly SeenChain[]> {
  const chains = await host.findChains(domain.uuid, signal);
  return Promise.all(
    chains.map(async (chain) => {
      if (!isActive(domain)) {
        const layers = await layersOf(host, chain, signal);
        return { targetDev: chain.targetDev, layers, job: null };
      }
      return { ...layered(chain), job: await jobOn(host, domain.uuid, chain, signal) };
    }),
  );
}

const layered = ({ layers, targetDev }: DiskChain) => ({
  targetDev,
  layers: layers.map(({ format, path }) => ({ format, path })),
});

/** Its job, and whether it may be pivoted. */
export async function jobOn(
  host: Hypervisor,
  uuid: string,
  { layers, mirror, targetDev }: DiskChain,
  signal: AbortSignal,
): Promise<SeenChain['job']> {
  const job = layers.length === 0 ? null : await host.findBlockJob(uuid, targetDev, signal);
  if (job === null) return null;
  const { processedBytes, totalBytes, type } = job;
  // A daemon that was killed as a commit began knows its job and no mirror of it (libvirt 9.0, 11.3);
  // and of a mirror libvirt says that all is done only when it is in step.
  const isDone = type === 'activeCommit' && totalBytes > 0 && processedBytes === totalBytes;
  const ready = mirror === null ? isDone : mirror.ready;
  return { type, processedBytes, mirrorPath: mirror?.path ?? null, ready };
}

/**
 * QEMU itself is asked: libvirt (9.0, 11.3) takes a pivot for lost whose daemon died before it was on
 * record, and believes in the upper layer. Marks the domain as tainted.
 */
export async function hasLeft(
  host: Hypervisor,
  uuid: string,
  [top, ...below]: DiskChain['layers'],
  signal: AbortSignal,
): Promise<boolean> {
  // A single layer is the base already.
  if (top?.path == null || below.length === 0) return false;
  const written = await host.findDiskFiles(uuid, signal);
  if (written === null || written.includes(top.path)) return false;
  return below.some(({ path }) => path !== null && written.includes(path));
}

async function layersOf(
  host: Hypervisor,
  { layers }: DiskChain,
  signal: AbortSignal,
): Promise<SeenChain['layers']> {
  const [top] = layers;
  if (top?.path == null || top.source !== 'file') return layers.slice(0, 1);
  const found: FormattedImage[] = [];
  let next: FormattedImage | null = { path: top.path, format: top.format };
  while (next !== null && found.length < layersMax) {
    found.push(next);
    next = await layerBelow(host, next, signal);
  }
  return found;
}

async function layerBelow(
  host: Hypervisor,
  { format, path }: FormattedImage,
  signal: AbortSignal,
): Promise<FormattedImage | null> {
  const info = await unlessFailed(host.inspectImage(path, format, signal), signal);
  if (info?.backingPath == null || info.backingFormat === null) return null;
  return { path: info.backingPath, format: info.backingFormat };
}

/** `null` for what cannot be looked at. */
export async function unlessFailed<T>(work: Promise<T>, signal: AbortSignal): Promise<T | null> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof FailureError && !signal.aborted) return null;
    throw error;
  }
}

/** Directories with more files are not looked through. */
const filesMax = 256;
/** So many qemu-img at a time. */
const togetherMax = 8;

/** Files in these directories; `null`: one of them could not be listed. Reads only. */
export async function listAround(
  host: Hypervisor,
  paths: readonly string[],
  signal: AbortSignal,
): Promise<readonly string[] | null> {
  const directories = [...new Set(paths.map(dirname))];
  const listed = await Promise.all(
    directories.map((directory) => unlessFailed(host.listFiles(directory, signal), signal)),
  );
  return listed.includes(null) ? null : listed.flatMap((files) => files ?? []);
}

export type Overlays = readonly { readonly path: string; readonly backingPath: string }[];

/**
 * Over what those of these files lie that are qcow2 images; `null`: there are too many of them.
 * Anything else has no backing file: of what a guest may have written to a raw disk nothing is
 * believed. Reads only.
 */
export async function findOverlays(
  host: Hypervisor,
  files: readonly string[],
  signal: AbortSignal,
): Promise<Overlays | null> {
  if (files.length > filesMax) return null;
  const found: { path: string; backingPath: string }[] = [];
  for (let at = 0; at < files.length; at += togetherMax) {
    const infos = await Promise.all(
      files
        .slice(at, at + togetherMax)
        .map((path) => unlessFailed(host.inspectImage(path, 'qcow2', signal), signal)),
    );
    for (const info of infos)
      if (info?.backingPath != null) found.push({ path: info.path, backingPath: info.backingPath });
  }
  return found;
}
