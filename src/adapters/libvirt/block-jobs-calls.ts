import {
  blockCommitFlags,
  blockCopyFlags,
  blockJobAbortFlags,
  blockRebaseFlags,
  blockResizeFlags,
  errorCodes,
  isLibvirtError,
  isOperationInvalid,
  type CallOptions,
  type Domain,
} from 'node-libvirt';
import type {
  BlockJobs,
  BlockJobView,
  CommitOptions,
  CopyOptions,
} from '../../ports/block-jobs.ts';
import type { DiskImage } from '../../ports/disk-source.ts';
import { placeOf } from '../../ports/disk-source.ts';
import { FailureError } from '../../ports/failure.ts';
import { formatCopyDestination, parseDiskChains } from './disk-chain-xml.ts';
import { askAttachedPlace } from './attached-place.ts';
import { blockJobTypeName } from './domain-names.ts';
import { nullWithoutDomain } from './domain-reads.ts';
import { toFailureError } from './errors.ts';
import { dropForgotten } from './forgotten-copy.ts';
import type { Bounded, HostCaller } from './host-caller.ts';

const mib = 2 ** 20;

/** {@link BlockJobs} by virDomainBlockCopy, virDomainBlockCommit, virDomainBlockRebase and their kin. */
export function blockJobsCalls(caller: HostCaller): BlockJobs {
  return {
    async findChains(uuid, signal) {
      const xml = await caller.askDomain(uuid, signal, (domain, options) =>
        domain.getXMLDesc(options),
      );
      return xml === null ? [] : parseDiskChains(xml);
    },

    findBlockJob: (uuid, targetDev, signal) =>
      caller.askDomain(uuid, signal, (domain, options) => readBlockJob(domain, targetDev, options)),

    ...beginningCalls(caller),

    endBlockJob: async (uuid, targetDev, how, signal) =>
      (await caller.askDomain(uuid, signal, (domain, options) =>
        endJob(caller.uri, domain, { targetDev, how }, options),
      )) ?? 'noJob',

    dropForgottenCopy: async (uuid, copy, signal) =>
      (await caller.askDomain(uuid, signal, (domain, options) =>
        dropForgotten(domain, copy, options),
      )) ?? 'none',

    findAttachedPlace: (uuid, targetDev, signal) =>
      caller.askDomain(uuid, signal, (domain, options) =>
        askAttachedPlace(domain, targetDev, options),
      ),

    resizeBlock: (uuid, targetDev, sizeBytes, signal) =>
      caller.withDomain(uuid, signal, (domain, options) =>
        domain.blockResize(targetDev, sizeBytes, { ...options, flags: blockResizeFlags.BYTES }),
      ),

    setBlockJobSpeed: (uuid, targetDev, mibPerS, signal) =>
      caller.withDomain(uuid, signal, (domain, options) =>
        domain.blockJobSetSpeed(targetDev, mibPerS, options),
      ),
  };
}

/** What begins a job. */
function beginningCalls(
  caller: HostCaller,
): Pick<BlockJobs, 'copyBlock' | 'copyBlockByRebase' | 'commitBlock' | 'pullBlock'> {
  const begin = (
    uuid: string,
    targetDev: string,
    signal: AbortSignal,
    work: (domain: Domain, options: Bounded) => Promise<void>,
  ): Promise<void> =>
    caller.withDomain(uuid, signal, async (domain, options) => {
      try {
        await work(domain, options);
      } catch (error) {
        await refuse(caller.uri, domain, targetDev, error, options);
      }
    });
  return {
    copyBlock: (uuid, targetDev, destination, options, signal) =>
      begin(uuid, targetDev, signal, (domain, { signal: bound }) => {
        const xml = formatCopyDestination(destination);
        const bandwidth = options.bandwidthMibPerS * mib;
        const params = bandwidth === 0 ? {} : { bandwidth };
        const flags = copyFlagsOf(options);
        return domain.blockCopy(targetDev, xml, params, { flags, signal: bound });
      }),

    copyBlockByRebase: (uuid, targetDev, destination, options, signal) =>
      begin(uuid, targetDev, signal, (domain, { signal: bound }) => {
        const { bandwidthMibPerS: bandwidth, shallow } = options;
        const flags = rebaseFlagsOf(destination, shallow);
        const base = placeOf(destination.source);
        return domain.blockRebase(targetDev, { base, bandwidth, flags, signal: bound });
      }),

    commitBlock: (uuid, targetDev, options, signal) =>
      begin(uuid, targetDev, signal, (domain, { signal: bound }) => {
        const { bandwidthMibPerS: bandwidth, base, top } = options;
        const flags = commitFlagsOf(options);
        return domain.blockCommit(targetDev, { base, top, bandwidth, flags, signal: bound });
      }),

    pullBlock: (uuid, targetDev, { bandwidthMibPerS: bandwidth, base }, signal) =>
      begin(uuid, targetDev, signal, (domain, { signal: bound }) =>
        base === null
          ? domain.blockPull(targetDev, { bandwidth, signal: bound })
          : domain.blockRebase(targetDev, { base, bandwidth, signal: bound }),
      ),
  };
}

/** `null`: no job on that disk, or no QEMU that could have one. */
export async function readBlockJob(
  domain: Domain,
  targetDev: string,
  options: CallOptions,
): Promise<BlockJobView | null> {
  try {
    const job = await domain.getBlockJobInfo(targetDev, options);
    if (job === null) return null;
    const [processedBytes, totalBytes] = [Number(job.cursor), Number(job.end)];
    return { type: blockJobTypeName(job.type), processedBytes, totalBytes };
  } catch (error) {
    if (isOperationInvalid(error)) return null;
    throw error;
  }
}

/**
 * libvirt answers to a second job with one of two codes, each of which means other things, too.
 *
 * @throws what the port says, or the error as it was
 */
async function refuse(
  uri: string,
  domain: Domain,
  targetDev: string,
  error: unknown,
  options: Bounded,
): Promise<never> {
  const { BLOCK_COPY_ACTIVE, OPERATION_UNSUPPORTED } = errorCodes;
  if (!isLibvirtError(error, BLOCK_COPY_ACTIVE, OPERATION_UNSUPPORTED)) throw error;
  const job = await nullWithoutDomain(readBlockJob(domain, targetDev, options));
  if (job === null) throw error;
  const { failure } = toFailureError(error, { uri, effectOfErrorReply: 'none' });
  throw new FailureError({ ...failure, code: 'blockJobActive' }, { cause: error });
}

async function endJob(
  uri: string,
  domain: Domain,
  { how, targetDev }: { readonly targetDev: string; readonly how: 'cancel' | 'pivot' },
  options: Bounded,
): Promise<'ended' | 'noJob'> {
  const flags = how === 'pivot' ? blockJobAbortFlags.PIVOT : 0;
  try {
    await domain.blockJobAbort(targetDev, { ...options, flags });
    return 'ended';
  } catch (error) {
    return await orNoJob(uri, domain, targetDev, error, options);
  }
}

/**
 * libvirt answers alike for "no such disk" and "no job on it", so the job is looked at. What else
 * went wrong may have gone wrong behind the switch to the destination.
 */
async function orNoJob(
  uri: string,
  domain: Domain,
  targetDev: string,
  error: unknown,
  options: Bounded,
): Promise<'noJob'> {
  const { BLOCK_COPY_ACTIVE, INVALID_ARG, OPERATION_INVALID } = errorCodes;
  const { failure } = toFailureError(error, { uri, effectOfErrorReply: 'unknown' });
  if (isLibvirtError(error, BLOCK_COPY_ACTIVE)) {
    const notReady = { ...failure, code: 'notReady', effect: 'none' } as const;
    throw new FailureError(notReady, { cause: error });
  }
  if (isLibvirtError(error, INVALID_ARG, OPERATION_INVALID)) {
    const job = await nullWithoutDomain(readBlockJob(domain, targetDev, options));
    if (job === null) return 'noJob';
  }
  throw new FailureError(failure, { cause: error });
}

function copyFlagsOf(options: CopyOptions): number {
  const { REUSE_EXT, SHALLOW, SYNCHRONOUS_WRITES, TRANSIENT_JOB } = blockCopyFlags;
  return (
    (options.shallow ? SHALLOW : 0) |
    (options.reuseExternal ? REUSE_EXT : 0) |
    (options.transientJob ? TRANSIENT_JOB : 0) |
    (options.synchronousWrites ? SYNCHRONOUS_WRITES : 0)
  );
}

/** Seen on 9.0: a block device is taken for a file without COPY_DEV, and raw data are probed without COPY_RAW. */
function rebaseFlagsOf({ format, source }: DiskImage, isShallow: boolean): number {
  const { COPY, COPY_DEV, COPY_RAW, REUSE_EXT, SHALLOW } = blockRebaseFlags;
  return (
    COPY |
    REUSE_EXT |
    (source.kind === 'block' ? COPY_DEV : 0) |
    (format === 'raw' ? COPY_RAW : 0) |
    (isShallow ? SHALLOW : 0)
  );
}

function commitFlagsOf({ active, deleteFiles }: CommitOptions): number {
  const { ACTIVE, DELETE } = blockCommitFlags;
  return (active ? ACTIVE : 0) | (deleteFiles ? DELETE : 0);
}
