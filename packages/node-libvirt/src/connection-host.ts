import { EventEmitter } from 'eventemitter3';
import type { CallOptions } from './call-options.ts';
import type { ConnectionEvents } from './domain-events.ts';
import {
  readNodeMemoryStats,
  toCpuComparison,
  toTarget,
  toVersion,
  type CpuComparison,
  type DomainCapabilitiesOptions,
  type NodeInfo,
  type Version,
} from './host-info.ts';
import { toInteger64, type Integer64 } from './integer64.ts';
import { connectProcedures } from './protocol/index.ts';
import type { ConnectionGroup } from './rpc/connection-group.ts';

/** {@link Connection}: the daemon and its host. */
export abstract class ConnectionHost extends EventEmitter<ConnectionEvents> {
  /** As it was opened. */
  readonly uri: string;
  readonly #group: ConnectionGroup;

  constructor(uri: string, group: ConnectionGroup) {
    super();
    this.uri = uri;
    this.#group = group;
  }

  // An accessor and no field: what is behind it shows in nothing that is printed.
  protected get group(): ConnectionGroup {
    return this.#group;
  }

  /** virConnectGetHostname: the host's own idea of its name. */
  async getHostname(options?: CallOptions): Promise<string> {
    const procedure = connectProcedures.connectGetHostname;
    return (await this.group.call(procedure, undefined, options?.signal)).hostname;
  }

  /** virConnectGetType: `QEMU`, `TEST`. */
  async getType(options?: CallOptions): Promise<string> {
    const procedure = connectProcedures.connectGetType;
    return (await this.group.call(procedure, undefined, options?.signal)).type;
  }

  /** virConnectGetURI: what the daemon calls it. */
  async getURI(options?: CallOptions): Promise<string> {
    const procedure = connectProcedures.connectGetUri;
    return (await this.group.call(procedure, undefined, options?.signal)).uri;
  }

  /** virConnectGetVersion: of the hypervisor. */
  async getVersion(options?: CallOptions): Promise<Version> {
    const procedure = connectProcedures.connectGetVersion;
    return toVersion((await this.group.call(procedure, undefined, options?.signal)).version);
  }

  /** virConnectGetLibVersion: of the daemon. */
  async getLibVersion(options?: CallOptions): Promise<Version> {
    const procedure = connectProcedures.connectGetLibVersion;
    return toVersion((await this.group.call(procedure, undefined, options?.signal)).version);
  }

  /** Whether the daemon's driver has one of `driverFeatures` (virDrvFeature). */
  async supportsFeature(feature: number, options?: CallOptions): Promise<boolean> {
    const procedure = connectProcedures.connectSupportsFeature;
    return (await this.group.call(procedure, { feature }, options?.signal)).supported;
  }

  /** virConnectGetCapabilities, XML. The host's uuid stands at /capabilities/host/uuid: no call asks for it alone. */
  async getCapabilities(options?: CallOptions): Promise<string> {
    const procedure = connectProcedures.connectGetCapabilities;
    return (await this.group.call(procedure, undefined, options?.signal)).capabilities;
  }

  /** virConnectGetDomainCapabilities, XML. */
  async getDomainCapabilities(options: DomainCapabilitiesOptions = {}): Promise<string> {
    const procedure = connectProcedures.connectGetDomainCapabilities;
    return (await this.group.call(procedure, toTarget(options), options.signal)).capabilities;
  }

  /** virConnectCompareHypervisorCPU, with `compareCpuFlags`: can this hypervisor run a guest with that CPU? */
  async compareHypervisorCPU(
    cpuXml: string,
    options: DomainCapabilitiesOptions = {},
  ): Promise<CpuComparison> {
    const args = { ...toTarget(options), xml: cpuXml };
    const procedure = connectProcedures.connectCompareHypervisorCpu;
    return toCpuComparison((await this.group.call(procedure, args, options.signal)).result);
  }

  /** virNodeGetInfo. */
  async nodeGetInfo(options?: CallOptions): Promise<NodeInfo> {
    const reply = await this.group.call(connectProcedures.nodeGetInfo, undefined, options?.signal);
    return { ...reply, memoryKiB: toInteger64(reply.memoryKiB) };
  }

  /** virNodeGetFreeMemory, in bytes. */
  async nodeGetFreeMemory(options?: CallOptions): Promise<Integer64> {
    const procedure = connectProcedures.nodeGetFreeMemory;
    return toInteger64((await this.group.call(procedure, undefined, options?.signal)).freeBytes);
  }

  /**
   * virNodeGetMemoryStats of the whole host, in KiB by libvirt's own keys: `total`, `free`, `buffers`, `cached`; fewer
   * where the host's system tells less.
   */
  nodeGetMemoryStats(options?: CallOptions): Promise<Readonly<Record<string, Integer64>>> {
    return readNodeMemoryStats(this.group, options?.signal);
  }
}
