import type { CallOptions, FlagOptions } from './call-options.ts';
import {
  toBlockInfo,
  toBlockJobInfo,
  toDiskError,
  type BlockInfo,
  type BlockJobInfo,
  type DiskError,
} from './disk-info.ts';
import { DomainSaving } from './domain-saving.ts';
import { fromInteger64, type Integer64 } from './integer64.ts';
import { diskProcedures as procedures } from './protocol/index.ts';
import { limits } from './protocol/limits.ts';
import type { DomainHandle } from './protocol/shapes.ts';
import { toTypedParams, type ParamsOf, type ParamTypes } from './typed-params.ts';

/** VIR_DOMAIN_BLOCK_COPY_*. */
const blockCopyParamTypes = {
  bandwidth: 'ullong',
  granularity: 'uint',
  'buf-size': 'ullong',
} as const satisfies ParamTypes;

/** Parameters of a block copy by libvirt's own keys: bytes/s, bytes and bytes. */
export type BlockCopyParams = ParamsOf<typeof blockCopyParamTypes>;

export interface BlockBandwidthOptions extends FlagOptions {
  /** MiB/s, or bytes/s with the flag BANDWIDTH_BYTES; 0, when left out, is as fast as it goes. */
  readonly bandwidth?: Integer64 | undefined;
}

export interface BlockRebaseOptions extends BlockBandwidthOptions {
  /** The image below which all stays as it is; with COPY where the copy goes. Null, when left out, pulls in the whole chain. */
  readonly base?: string | null | undefined;
}

export interface BlockCommitOptions extends BlockBandwidthOptions {
  /** Where the data goes; left out, the bottom of the chain. A path, or `vda[1]`. */
  readonly base?: string | null | undefined;
  /** The topmost image whose data goes there; left out, the active one. */
  readonly top?: string | null | undefined;
}

/**
 * {@link Domain}: its disks, each by target (`vda`) or source path. What starts a block job resolves when the job runs; the
 * event `blockJob2` tells how it goes on. All that changes something waits for the domain's job lock.
 */
export abstract class DomainDisks extends DomainSaving {
  /** virDomainGetBlockInfo. */
  async getBlockInfo(disk: string, options?: CallOptions): Promise<BlockInfo> {
    const procedure = procedures.domainGetBlockInfo;
    return toBlockInfo(await this.caller.call(procedure, this.#on(disk), options?.signal));
  }

  /** virDomainBlockResize, with `blockResizeFlags`: KiB without BYTES. */
  async blockResize(disk: string, size: Integer64, options?: FlagOptions): Promise<void> {
    const args = { ...this.#on(disk, options), size: fromInteger64(size) };
    await this.caller.call(procedures.domainBlockResize, args, options?.signal);
  }

  /** virDomainGetDiskErrors: the disks that have one since the guest last ran without. */
  async getDiskErrors(options?: FlagOptions): Promise<DiskError[]> {
    const args = { ...this.with(options), maxErrors: limits.diskErrors };
    const procedure = procedures.domainGetDiskErrors;
    return (await this.caller.call(procedure, args, options?.signal)).errors.map(toDiskError);
  }

  /**
   * virDomainBlockCopy, with `blockCopyFlags`: a mirror to what the `<disk>` element describes. It stays when it is ready,
   * until {@link blockJobAbort} ends it. A persistent domain wants TRANSIENT_JOB.
   */
  async blockCopy(
    disk: string,
    destinationXml: string,
    params: BlockCopyParams = {},
    options?: FlagOptions,
  ): Promise<void> {
    const wire = toTypedParams('block copy', blockCopyParamTypes, params);
    const args = { ...this.#on(disk, options), destinationXml, params: wire };
    await this.caller.call(procedures.domainBlockCopy, args, options?.signal);
  }

  /** virDomainBlockRebase, with `blockRebaseFlags`: pulls data up to the base, or with COPY mirrors to it. */
  async blockRebase(disk: string, options: BlockRebaseOptions = {}): Promise<void> {
    const args = { ...this.#atSpeed(disk, options), base: options.base ?? null };
    await this.caller.call(procedures.domainBlockRebase, args, options.signal);
  }

  /**
   * virDomainBlockCommit, with `blockCommitFlags`: moves data down the chain. From the active image it wants ACTIVE and
   * stays when it is ready, until {@link blockJobAbort} with PIVOT.
   */
  async blockCommit(disk: string, options: BlockCommitOptions = {}): Promise<void> {
    const { base = null, top = null, signal } = options;
    const args = { ...this.#atSpeed(disk, options), base, top };
    await this.caller.call(procedures.domainBlockCommit, args, signal);
  }

  /** virDomainBlockPull, with `blockPullFlags`: all data below into the active image. */
  async blockPull(disk: string, options: BlockBandwidthOptions = {}): Promise<void> {
    await this.caller.call(
      procedures.domainBlockPull,
      this.#atSpeed(disk, options),
      options.signal,
    );
  }

  /**
   * virDomainBlockJobAbort, with `blockJobAbortFlags`. Resolves when the job has ended, as long as that takes; with ASYNC
   * when it was told to. @throws LibvirtError BLOCK_COPY_ACTIVE for a PIVOT before the job is ready.
   */
  blockJobAbort(disk: string, options?: FlagOptions): Promise<void> {
    const args = this.#on(disk, options);
    return this.caller.call(procedures.domainBlockJobAbort, args, options?.signal);
  }

  /** virDomainBlockJobSetSpeed: MiB/s, or bytes/s with `blockJobBandwidthFlags`. */
  async blockJobSetSpeed(disk: string, bandwidth: Integer64, options?: FlagOptions): Promise<void> {
    const args = this.#atSpeed(disk, { ...options, bandwidth });
    await this.caller.call(procedures.domainBlockJobSetSpeed, args, options?.signal);
  }

  /** virDomainGetBlockJobInfo, with `blockJobBandwidthFlags`; null when the disk has no block job. */
  async getBlockJobInfo(disk: string, options?: FlagOptions): Promise<BlockJobInfo | null> {
    const procedure = procedures.domainGetBlockJobInfo;
    return toBlockJobInfo(
      await this.caller.call(procedure, this.#on(disk, options), options?.signal),
    );
  }

  #on(disk: string, options?: FlagOptions): { dom: DomainHandle; disk: string; flags: number } {
    return { ...this.with(options), disk };
  }

  #atSpeed(
    disk: string,
    options: BlockBandwidthOptions,
  ): { dom: DomainHandle; disk: string; bandwidth: bigint; flags: number } {
    return { ...this.#on(disk, options), bandwidth: fromInteger64(options.bandwidth ?? 0) };
  }
}
