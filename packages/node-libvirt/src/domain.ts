import type { CallOptions, FlagOptions, MetadataOptions } from './call-options.ts';
import { DomainAgent } from './domain-agent.ts';
import {
  toControlInfo,
  toDomainInfo,
  toDomainState,
  toJobInfo,
  type DomainControlInfo,
  type DomainInfo,
  type DomainJobInfo,
  type DomainJobStats,
  type DomainStateInfo,
} from './domain-info.ts';
import { DomainSnapshot } from './domain-snapshot.ts';
import { jobTypes, metadataTypes, nameOf, type MetadataType } from './names.ts';
import { domainProcedures, snapshotProcedures } from './protocol/index.ts';
import type { DomainSnapshotHandle } from './protocol/shapes.ts';
import { runMonitorCommand } from './qemu-monitor.ts';
import { fromTypedParams } from './typed-params.ts';

/**
 * A libvirt guest: a name for it on one connection, no copy of its state. Every method is one call to the daemon and
 * throws {@link LibvirtError} for what the daemon refuses, {@link ConnectionLostError} when the connection ends under it
 * and {@link EncodeError} for an argument that cannot be sent.
 */
export class Domain extends DomainAgent {
  /** virDomainGetState. Answered at once, also while the domain has a job. */
  async getState(options?: CallOptions): Promise<DomainStateInfo> {
    const args = { dom: this.handle, flags: 0 };
    return toDomainState(
      await this.caller.call(domainProcedures.domainGetState, args, options?.signal),
    );
  }

  /** virDomainGetInfo. */
  async getInfo(options?: CallOptions): Promise<DomainInfo> {
    const args = { dom: this.handle };
    return toDomainInfo(
      await this.caller.call(domainProcedures.domainGetInfo, args, options?.signal),
    );
  }

  /** virDomainGetXMLDesc, with `xmlFlags`. */
  async getXMLDesc(options?: FlagOptions): Promise<string> {
    const args = this.with(options);
    return (await this.caller.call(domainProcedures.domainGetXmlDesc, args, options?.signal)).xml;
  }

  /** virDomainIsActive. */
  async isActive(options?: CallOptions): Promise<boolean> {
    const args = { dom: this.handle };
    return (await this.caller.call(domainProcedures.domainIsActive, args, options?.signal)).active;
  }

  /** virDomainIsPersistent. */
  async isPersistent(options?: CallOptions): Promise<boolean> {
    const args = { dom: this.handle };
    return (await this.caller.call(domainProcedures.domainIsPersistent, args, options?.signal))
      .persistent;
  }

  /** virDomainGetAutostart: does its host start it by itself? */
  async getAutostart(options?: CallOptions): Promise<boolean> {
    const args = { dom: this.handle };
    return (await this.caller.call(domainProcedures.domainGetAutostart, args, options?.signal))
      .autostart;
  }

  /** virDomainSetAutostart. @throws LibvirtError OPERATION_INVALID for a transient domain */
  setAutostart(autostart: boolean, options?: CallOptions): Promise<void> {
    const args = { dom: this.handle, autostart };
    return this.caller.call(domainProcedures.domainSetAutostart, args, options?.signal);
  }

  /** virDomainCreateWithFlags, with `createFlags`: starts it. Resolves to a handle that knows the new id. */
  async create(options?: FlagOptions): Promise<Domain> {
    const procedure = domainProcedures.domainCreateWithFlags;
    const reply = await this.caller.call(procedure, this.with(options), options?.signal);
    return new Domain(this.connection, this.caller, reply.dom);
  }

  /** virDomainDestroyFlags, with `destroyFlags`: ends it without asking the guest. */
  destroy(options?: FlagOptions): Promise<void> {
    return this.caller.call(
      domainProcedures.domainDestroyFlags,
      this.with(options),
      options?.signal,
    );
  }

  /** virDomainUndefineFlags, with `undefineFlags`. A running domain becomes transient. */
  undefine(options?: FlagOptions): Promise<void> {
    return this.caller.call(
      domainProcedures.domainUndefineFlags,
      this.with(options),
      options?.signal,
    );
  }

  /** virDomainSuspend: pauses the virtual CPUs. Gets through during a migration. */
  suspend(options?: CallOptions): Promise<void> {
    return this.caller.call(domainProcedures.domainSuspend, { dom: this.handle }, options?.signal);
  }

  /** virDomainResume. Waits for the domain's job lock: OPERATION_TIMEOUT after 30 s while another job holds it. */
  resume(options?: CallOptions): Promise<void> {
    return this.caller.call(domainProcedures.domainResume, { dom: this.handle }, options?.signal);
  }

  /** virDomainGetJobInfo: of the job that runs; type `none` without one. */
  async getJobInfo(options?: CallOptions): Promise<DomainJobInfo> {
    const args = { dom: this.handle };
    return toJobInfo(
      await this.caller.call(domainProcedures.domainGetJobInfo, args, options?.signal),
    );
  }

  /** virDomainGetJobStats, with `jobStatsFlags`: of the job that runs, or with COMPLETED of the last one. */
  async getJobStats(options?: FlagOptions): Promise<DomainJobStats> {
    const procedure = domainProcedures.domainGetJobStats;
    const reply = await this.caller.call(procedure, this.with(options), options?.signal);
    const { type, params } = reply;
    return { type: nameOf(jobTypes, type), typeNumber: type, stats: fromTypedParams(params) };
  }

  /** virDomainAbortJob; with flags virDomainAbortJobFlags (8.5.0). Resolves when the daemon took the request. */
  abortJob(options?: FlagOptions): Promise<void> {
    const { flags = 0, signal } = options ?? {};
    const dom = this.handle;
    if (flags === 0) return this.caller.call(domainProcedures.domainAbortJob, { dom }, signal);
    return this.caller.call(domainProcedures.domainAbortJobFlags, { dom, flags }, signal);
  }

  /** virDomainSetMetadata, with `modificationImpact`; null removes. Waits for the domain's job lock. */
  async setMetadata(
    type: MetadataType,
    metadata: string | null,
    options: MetadataOptions = {},
  ): Promise<void> {
    const { uri = null, key = null, flags = 0, signal } = options;
    const args = {
      dom: this.handle,
      type: metadataTypes.indexOf(type),
      metadata,
      key,
      uri,
      flags,
    };
    await this.caller.call(domainProcedures.domainSetMetadata, args, signal);
  }

  /** virDomainGetMetadata. @throws LibvirtError NO_DOMAIN_METADATA where there is none. */
  async getMetadata(type: MetadataType, options: MetadataOptions = {}): Promise<string> {
    const { uri = null, flags = 0, signal } = options;
    const args = { dom: this.handle, type: metadataTypes.indexOf(type), uri, flags };
    return (await this.caller.call(domainProcedures.domainGetMetadata, args, signal)).metadata;
  }

  /** virDomainGetControlInfo: can the hypervisor be talked to just now? Answered at once. */
  async getControlInfo(options?: FlagOptions): Promise<DomainControlInfo> {
    const procedure = domainProcedures.domainGetControlInfo;
    return toControlInfo(await this.caller.call(procedure, this.with(options), options?.signal));
  }

  /**
   * virDomainSnapshotCreateXML, with `snapshotCreateFlags`. A blocking call; where it moves the memory {@link abortJob}
   * stops it.
   */
  async snapshotCreateXML(xml: string, options?: FlagOptions): Promise<DomainSnapshot> {
    const args = { ...this.with(options), xml };
    const procedure = snapshotProcedures.domainSnapshotCreateXml;
    return this.#snapshot((await this.caller.call(procedure, args, options?.signal)).snap);
  }

  /** virDomainSnapshotLookupByName. @throws LibvirtError NO_DOMAIN_SNAPSHOT. */
  async snapshotLookupByName(name: string, options?: CallOptions): Promise<DomainSnapshot> {
    const args = { ...this.with(undefined), name };
    const procedure = snapshotProcedures.domainSnapshotLookupByName;
    return this.#snapshot((await this.caller.call(procedure, args, options?.signal)).snap);
  }

  /** virDomainHasCurrentSnapshot. */
  async hasCurrentSnapshot(options?: CallOptions): Promise<boolean> {
    const procedure = snapshotProcedures.domainHasCurrentSnapshot;
    return (await this.caller.call(procedure, this.with(undefined), options?.signal)).result;
  }

  /** virDomainSnapshotCurrent: the one that the next is made a child of. @throws LibvirtError NO_DOMAIN_SNAPSHOT. */
  async snapshotCurrent(options?: CallOptions): Promise<DomainSnapshot> {
    const procedure = snapshotProcedures.domainSnapshotCurrent;
    const reply = await this.caller.call(procedure, this.with(undefined), options?.signal);
    return this.#snapshot(reply.snap);
  }

  /** virDomainSnapshotNum, with `snapshotListFlags`. */
  async snapshotNum(options?: FlagOptions): Promise<number> {
    const procedure = snapshotProcedures.domainSnapshotNum;
    return (await this.caller.call(procedure, this.with(options), options?.signal)).count;
  }

  /** virDomainListAllSnapshots, with `snapshotListFlags`. */
  async listAllSnapshots(options?: FlagOptions): Promise<DomainSnapshot[]> {
    const args = { ...this.with(options), needResults: 1 };
    const procedure = snapshotProcedures.domainListAllSnapshots;
    const reply = await this.caller.call(procedure, args, options?.signal);
    return reply.items.map((handle) => this.#snapshot(handle));
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
      this.caller,
      this.handle,
      { command, commandArguments },
      options?.signal,
    );
  }

  #snapshot(handle: DomainSnapshotHandle): DomainSnapshot {
    return new DomainSnapshot(this, this.caller, handle);
  }
}
