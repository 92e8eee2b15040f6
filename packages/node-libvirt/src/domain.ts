import type { CallOptions, FlagOptions, MetadataOptions } from './call-options.ts';
import type { Connection } from './connection.ts';
import {
  toBlockInfo,
  toBlockJobInfo,
  toDomainInfo,
  toDomainState,
  toJobInfo,
  type BlockInfo,
  type BlockJobInfo,
  type DomainInfo,
  type DomainJobInfo,
  type DomainJobStats,
  type DomainStateInfo,
} from './domain-info.ts';
import { DomainSnapshot } from './domain-snapshot.ts';
import { fromInteger64, toInteger64, type Integer64 } from './integer64.ts';
import type {
  MigrateBegin3Reply,
  MigrateBegin3Request,
  MigratePerform3Request,
} from './migrate-params.ts';
import { begin3, confirm3, perform3, type MigrateEndRequest } from './migration-phases.ts';
import { jobTypes, metadataTypes, nameOf, type MetadataType } from './names.ts';
import { domainProcedures, migrationProcedures } from './protocol/index.ts';
import type { DomainHandle } from './protocol/shapes.ts';
import { runMonitorCommand } from './qemu-monitor.ts';
import type { Caller } from './rpc/connection-group.ts';
import { fromTypedParams } from './typed-params.ts';
import { formatUuid } from './uuid.ts';

/**
 * A libvirt guest: a name for it on one connection, no copy of its state. Every method is one call to the daemon and
 * throws {@link LibvirtError} for what the daemon refuses, {@link ConnectionLostError} when the connection ends under it
 * and {@link EncodeError} for an argument that cannot be sent.
 */
export class Domain {
  readonly connection: Connection;
  readonly name: string;
  /** Canonical: lower case, with dashes. */
  readonly uuid: string;
  /** The hypervisor's number; null when the domain did not run as this handle was made. */
  readonly id: number | null;
  readonly #caller: Caller;
  readonly #handle: DomainHandle;

  constructor(connection: Connection, caller: Caller, handle: DomainHandle) {
    this.connection = connection;
    this.#caller = caller;
    this.#handle = handle;
    this.name = handle.name;
    this.uuid = formatUuid(handle.uuid);
    this.id = handle.id === -1 ? null : handle.id;
  }

  /** virDomainGetState. Answered at once, also while the domain has a job. */
  async getState(options?: CallOptions): Promise<DomainStateInfo> {
    const args = { dom: this.#handle, flags: 0 };
    return toDomainState(
      await this.#caller.call(domainProcedures.domainGetState, args, options?.signal),
    );
  }

  /** virDomainGetInfo. */
  async getInfo(options?: CallOptions): Promise<DomainInfo> {
    const args = { dom: this.#handle };
    return toDomainInfo(
      await this.#caller.call(domainProcedures.domainGetInfo, args, options?.signal),
    );
  }

  /** virDomainGetXMLDesc, with `xmlFlags`. */
  async getXMLDesc(options?: FlagOptions): Promise<string> {
    const args = this.#with(options);
    return (await this.#caller.call(domainProcedures.domainGetXmlDesc, args, options?.signal)).xml;
  }

  /** virDomainIsActive. */
  async isActive(options?: CallOptions): Promise<boolean> {
    const args = { dom: this.#handle };
    return (await this.#caller.call(domainProcedures.domainIsActive, args, options?.signal)).active;
  }

  /** virDomainIsPersistent. */
  async isPersistent(options?: CallOptions): Promise<boolean> {
    const args = { dom: this.#handle };
    return (await this.#caller.call(domainProcedures.domainIsPersistent, args, options?.signal))
      .persistent;
  }

  /** virDomainCreateWithFlags, with `createFlags`: starts it. Resolves to a handle that knows the new id. */
  async create(options?: FlagOptions): Promise<Domain> {
    const procedure = domainProcedures.domainCreateWithFlags;
    const reply = await this.#caller.call(procedure, this.#with(options), options?.signal);
    return new Domain(this.connection, this.#caller, reply.dom);
  }

  /** virDomainDestroyFlags, with `destroyFlags`: ends it without asking the guest. */
  destroy(options?: FlagOptions): Promise<void> {
    return this.#caller.call(
      domainProcedures.domainDestroyFlags,
      this.#with(options),
      options?.signal,
    );
  }

  /** virDomainUndefineFlags, with `undefineFlags`. A running domain becomes transient. */
  undefine(options?: FlagOptions): Promise<void> {
    return this.#caller.call(
      domainProcedures.domainUndefineFlags,
      this.#with(options),
      options?.signal,
    );
  }

  /** virDomainSuspend: pauses the virtual CPUs. Gets through during a migration. */
  suspend(options?: CallOptions): Promise<void> {
    return this.#caller.call(
      domainProcedures.domainSuspend,
      { dom: this.#handle },
      options?.signal,
    );
  }

  /** virDomainResume. Waits for the domain's job lock: OPERATION_TIMEOUT after 30 s while another job holds it. */
  resume(options?: CallOptions): Promise<void> {
    return this.#caller.call(domainProcedures.domainResume, { dom: this.#handle }, options?.signal);
  }

  /** virDomainGetJobInfo: of the job that runs; type `none` without one. */
  async getJobInfo(options?: CallOptions): Promise<DomainJobInfo> {
    const args = { dom: this.#handle };
    return toJobInfo(
      await this.#caller.call(domainProcedures.domainGetJobInfo, args, options?.signal),
    );
  }

  /** virDomainGetJobStats, with `jobStatsFlags`: of the job that runs, or with COMPLETED of the last one. */
  async getJobStats(options?: FlagOptions): Promise<DomainJobStats> {
    const procedure = domainProcedures.domainGetJobStats;
    const reply = await this.#caller.call(procedure, this.#with(options), options?.signal);
    const { type, params } = reply;
    return { type: nameOf(jobTypes, type), typeNumber: type, stats: fromTypedParams(params) };
  }

  /** virDomainAbortJob; with flags virDomainAbortJobFlags (8.5.0). Resolves when the daemon took the request. */
  abortJob(options?: FlagOptions): Promise<void> {
    const { flags = 0, signal } = options ?? {};
    const dom = this.#handle;
    if (flags === 0) return this.#caller.call(domainProcedures.domainAbortJob, { dom }, signal);
    return this.#caller.call(domainProcedures.domainAbortJobFlags, { dom, flags }, signal);
  }

  /**
   * virDomainMigrateBegin3Params: libvirt judges whether the domain may migrate so, and answers with the cookie and the
   * definition for the destination. Without CHANGE_PROTECTION it starts no job. Both may hold secrets.
   */
  migrateBegin3Params(
    request: MigrateBegin3Request,
    options?: CallOptions,
  ): Promise<MigrateBegin3Reply> {
    return begin3(this.#caller, this.#handle, request, options);
  }

  /**
   * virDomainMigratePerform3Params, the phase call behind virDomainMigrateToURI3: with PEER2PEER the whole migration.
   * Resolves to the cookie when it is over. It is a blocking call, on a socket of its own kind; a peer-to-peer migration
   * goes on in the daemon when that socket or the signal ends: {@link abortJob} stops it. If it fails in a migration that
   * the client drives, the source has already gone back: there is nothing to confirm.
   */
  migratePerform3Params(
    request: MigratePerform3Request,
    options?: CallOptions,
  ): Promise<Uint8Array> {
    return perform3(this.#caller, this.#handle, request, options);
  }

  /**
   * virDomainMigrateConfirm3Params, the source's last phase: it ends the domain here, or, `cancelled`, lets it go on as it
   * was before. A blocking call.
   */
  migrateConfirm3Params(request: MigrateEndRequest, options?: CallOptions): Promise<void> {
    return confirm3(this.#caller, this.#handle, request, options);
  }

  /** virDomainMigrateSetMaxDowntime: how long the guest may stand still at the switchover. */
  async migrateSetMaxDowntime(downtimeMs: Integer64, options?: CallOptions): Promise<void> {
    const args = { dom: this.#handle, downtimeMs: fromInteger64(downtimeMs), flags: 0 };
    await this.#caller.call(migrationProcedures.domainMigrateSetMaxDowntime, args, options?.signal);
  }

  /** virDomainMigrateGetMaxDowntime, in milliseconds. */
  async migrateGetMaxDowntime(options?: CallOptions): Promise<Integer64> {
    const args = { dom: this.#handle, flags: 0 };
    const procedure = migrationProcedures.domainMigrateGetMaxDowntime;
    return toInteger64((await this.#caller.call(procedure, args, options?.signal)).downtimeMs);
  }

  /** virDomainMigrateSetMaxSpeed, in MiB/s. */
  async migrateSetMaxSpeed(bandwidthMiBPerS: Integer64, options?: FlagOptions): Promise<void> {
    const args = { ...this.#with(options), bandwidthMiBPerS: fromInteger64(bandwidthMiBPerS) };
    await this.#caller.call(migrationProcedures.domainMigrateSetMaxSpeed, args, options?.signal);
  }

  /** virDomainMigrateGetMaxSpeed, in MiB/s. */
  async migrateGetMaxSpeed(options?: FlagOptions): Promise<Integer64> {
    const procedure = migrationProcedures.domainMigrateGetMaxSpeed;
    const reply = await this.#caller.call(procedure, this.#with(options), options?.signal);
    return toInteger64(reply.bandwidthMiBPerS);
  }

  /** virDomainMigrateStartPostCopy: for a migration that was begun with POSTCOPY. No way back from it. */
  migrateStartPostCopy(options?: CallOptions): Promise<void> {
    const args = { dom: this.#handle, flags: 0 };
    return this.#caller.call(migrationProcedures.domainMigrateStartPostCopy, args, options?.signal);
  }

  /** virDomainSetMetadata, with `modificationImpact`; null removes. Waits for the domain's job lock. */
  async setMetadata(
    type: MetadataType,
    metadata: string | null,
    options: MetadataOptions = {},
  ): Promise<void> {
    const { uri = null, key = null, flags = 0, signal } = options;
    const args = {
      dom: this.#handle,
      type: metadataTypes.indexOf(type),
      metadata,
      key,
      uri,
      flags,
    };
    await this.#caller.call(domainProcedures.domainSetMetadata, args, signal);
  }

  /** virDomainGetMetadata. @throws LibvirtError NO_DOMAIN_METADATA where there is none. */
  async getMetadata(type: MetadataType, options: MetadataOptions = {}): Promise<string> {
    const { uri = null, flags = 0, signal } = options;
    const args = { dom: this.#handle, type: metadataTypes.indexOf(type), uri, flags };
    return (await this.#caller.call(domainProcedures.domainGetMetadata, args, signal)).metadata;
  }

  /** virDomainGetBlockInfo, of a disk by target (`vda`) or source path. */
  async getBlockInfo(disk: string, options?: CallOptions): Promise<BlockInfo> {
    const args = { dom: this.#handle, disk, flags: 0 };
    const procedure = domainProcedures.domainGetBlockInfo;
    return toBlockInfo(await this.#caller.call(procedure, args, options?.signal));
  }

  /** virDomainGetBlockJobInfo; null when the disk has no block job. */
  async getBlockJobInfo(disk: string, options?: FlagOptions): Promise<BlockJobInfo | null> {
    const args = { ...this.#with(options), disk };
    const procedure = domainProcedures.domainGetBlockJobInfo;
    return toBlockJobInfo(await this.#caller.call(procedure, args, options?.signal));
  }

  /** virDomainSnapshotNum. */
  async snapshotNum(options?: FlagOptions): Promise<number> {
    const procedure = domainProcedures.domainSnapshotNum;
    return (await this.#caller.call(procedure, this.#with(options), options?.signal)).count;
  }

  /** virDomainListAllSnapshots. */
  async listAllSnapshots(options?: FlagOptions): Promise<DomainSnapshot[]> {
    const args = { ...this.#with(options), needResults: 1 };
    const procedure = domainProcedures.domainListAllSnapshots;
    const reply = await this.#caller.call(procedure, args, options?.signal);
    return reply.items.map(({ name }) => new DomainSnapshot(this, name));
  }

  /**
   * virDomainQemuMonitorCommand: a QMP command behind libvirt's back. Resolves to what QEMU put under `return`; waits
   * for the domain's job lock. @throws QemuMonitorError when QEMU refuses.
   */
  qemuMonitorCommand(
    command: string,
    commandArguments?: Readonly<Record<string, unknown>>,
    options?: CallOptions,
  ): Promise<unknown> {
    return runMonitorCommand(
      this.#caller,
      this.#handle,
      { command, commandArguments },
      options?.signal,
    );
  }

  #with(options: FlagOptions | undefined): { dom: DomainHandle; flags: number } {
    return { dom: this.#handle, flags: options?.flags ?? 0 };
  }
}
