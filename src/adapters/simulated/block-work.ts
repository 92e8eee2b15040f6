import { dirname } from 'node:path/posix';
import type { CommitOptions, CopyOptions } from '../../ports/block-jobs.ts';
import type { DiskImage } from '../../ports/disk-source.ts';
import type { BlockWork } from './block-job.ts';
import { chainFrom, chainOf, commitInto, copyLayer, createLayer, flatBytes } from './disk-chain.ts';
import { diskOf, pivotTo, pullInto, setBacking, topOf, type Layer } from './disk-chain.ts';
import { flattenInto } from './disk-size.ts';
import { layerOf } from './disk-source.ts';
import type { Place } from './domain-life.ts';
import { dropFile, fileAt, freeBytes } from './host-files.ts';
import { libvirtError } from './libvirt-error.ts';
import { lengthOf } from './volume-file.ts';

const mib = 2 ** 20;

/** virDomainBlockCopy. @throws FailureError for what libvirt refuses before QEMU is asked */
export function copyWork(
  place: Place,
  targetDev: string,
  destination: DiskImage,
  options: CopyOptions,
): BlockWork {
  const top = topOf(place, targetDev);
  const to = layerOf(destination);
  const { path } = to;
  const { libvirtVersion } = place.host;
  if (options.synchronousWrites && libvirtVersion < 8_000_000)
    throw libvirtError('argumentUnsupported', 'unsupported flags (0x8) in virDomainBlockCopy');
  if (options.transientJob && libvirtVersion < 3_005_000)
    throw libvirtError('argumentUnsupported', 'unsupported flags (0x4) in virDomainBlockCopy');
  if (place.domain.persistent && !options.transientJob)
    throw libvirtError('operationInvalid', 'domain is not transient');
  if (options.reuseExternal) requireTarget(place, targetDev, path);
  else {
    requireNoTarget(place, targetDev, path);
    createLayer(place, to, top.virtualSizeBytes, options.shallow ? backingOf(place, top) : null);
  }
  return {
    type: 'copy',
    targetDev,
    totalBytes: top.virtualSizeBytes,
    roomBytes: roomForCopy(place, top, to, options.shallow),
    limitBytesPerS: options.bandwidthMibPerS * mib,
    dirtyBytesPerS: options.synchronousWrites ? 0 : dirtyBytesPerS(place, targetDev),
    mirror: to,
    conclude: (how) => {
      if (options.shallow) copyLayer(place, top.path, path);
      else flattenInto(place, top.path, to);
      if (how === 'completed') pivotTo(place, targetDev, to);
    },
  };
}

/** virDomainBlockRebase with COPY and REUSE_EXT. @throws FailureError as {@link copyWork} */
export function rebaseWork(
  place: Place,
  targetDev: string,
  destination: DiskImage,
  options: Pick<CopyOptions, 'shallow' | 'bandwidthMibPerS'>,
): BlockWork {
  const { kind } = destination.source;
  if (kind !== 'file' && kind !== 'block')
    throw invalid('absolute path must be used as block copy target');
  const flags = { reuseExternal: true, transientJob: false, synchronousWrites: false };
  return copyWork(place, targetDev, destination, { ...flags, ...options });
}

/** virDomainBlockCommit. @throws FailureError as {@link copyWork} */
export function commitWork(place: Place, targetDev: string, options: CommitOptions): BlockWork {
  const chain = chainOf(place, targetDev);
  const from = depthOf(chain, options.top ?? chain[0]?.path, targetDev);
  const to = depthOf(chain, options.base ?? chain.at(-1)?.path, targetDev);
  const [above, top, base] = [chain[from - 1], chain[from], chain[to]];
  if (top === undefined || base === undefined || to <= from)
    throw invalid(`could not find base image in chain for '${targetDev}'`);
  const isActive = above === undefined;
  if (isActive !== options.active)
    throw invalid(`commit of '${targetDev}' active layer requires active flag`);
  const merged = chain.slice(from, to);
  return {
    type: isActive ? 'activeCommit' : 'commit',
    targetDev,
    totalBytes: top.virtualSizeBytes,
    roomBytes: Infinity,
    limitBytesPerS: options.bandwidthMibPerS * mib,
    dirtyBytesPerS: 0,
    mirror: isActive ? base : null,
    conclude: (how) => {
      commitInto(place, top.path, base.path);
      if (how === 'canceled') return;
      if (isActive) pivotTo(place, targetDev, base);
      else setBacking(place, above.path, base);
      if (options.deleteFiles)
        for (const { path } of merged) dropFile(place.world, place.host, path);
    },
  };
}

/** virDomainBlockPull and virDomainBlockRebase. @throws FailureError as {@link copyWork} */
export function pullWork(
  place: Place,
  targetDev: string,
  options: { readonly base: string | null; readonly bandwidthMibPerS: number },
): BlockWork {
  const chain = chainOf(place, targetDev);
  const top = topOf(place, targetDev);
  if (options.base !== null) depthOf(chain.slice(1), options.base, targetDev);
  return {
    type: 'pull',
    targetDev,
    totalBytes: top.virtualSizeBytes,
    roomBytes: Infinity,
    limitBytesPerS: options.bandwidthMibPerS * mib,
    dirtyBytesPerS: 0,
    mirror: null,
    conclude: () => {
      // There is nothing to pull, and a raw disk has no backing file to take away.
      if (chain.length > 1) pullInto(place, top.path, options.base);
    },
  };
}

function dirtyBytesPerS({ domain }: Place, targetDev: string): number {
  return domain.qemu?.vcpus === 'running' ? diskOf(domain, targetDev).writtenBytesPerS : 0;
}

function depthOf(chain: readonly Layer[], path: string | undefined, targetDev: string): number {
  const depth = chain.findIndex((layer) => layer.path === path);
  if (depth === -1) throw invalid(`could not find image '${path}' in chain for '${targetDev}'`);
  return depth;
}

function backingOf(place: Place, top: Layer) {
  return chainFrom(place, top.path)[1] ?? null;
}

function requireTarget({ world, host }: Place, targetDev: string, path: string): void {
  if (fileAt(world, host, path) !== undefined) return;
  const message = `missing destination file for disk ${targetDev}: ${path}: No such file or directory`;
  throw libvirtError('systemError', message);
}

function requireNoTarget({ world, host }: Place, targetDev: string, path: string): void {
  if (fileAt(world, host, path) !== undefined) {
    const message = `external destination file for disk ${targetDev} already exists and is not a block device: ${path}`;
    throw libvirtError('configUnsupported', message);
  }
  if (freeBytes(world, host, dirname(path)) === null)
    throw libvirtError('systemError', 'failed to create copy target: No such file or directory');
}

/** How much of the disk QEMU writes before the target is full; none into one of another size. */
function roomForCopy(
  place: Place,
  top: Layer,
  to: { readonly path: string; readonly format: string },
  isShallow: boolean,
): number {
  const { host, world } = place;
  const { virtualSizeBytes } = top;
  if ((chainFrom(place, to.path)[0]?.virtualSizeBytes ?? 0) !== virtualSizeBytes) return 0;
  const [source, target] = [top, to].map(({ path }) =>
    lengthOf(fileAt(world, host, path)?.content ?? []),
  );
  const wantedBytes = isShallow ? (source ?? 0) : flatBytes(to.format, virtualSizeBytes);
  const freeBytesThere = (freeBytes(world, host, dirname(to.path)) ?? 0) + (target ?? 0);
  if (wantedBytes <= freeBytesThere) return virtualSizeBytes;
  return Math.floor((virtualSizeBytes * freeBytesThere) / wantedBytes);
}

function invalid(message: string) {
  return libvirtError('invalidArg', `invalid argument: ${message}`);
}
