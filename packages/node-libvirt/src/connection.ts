import { EventEmitter } from 'eventemitter3';
import type { CallOptions, FlagOptions } from './call-options.ts';
import type { ConnectionEvents, DomainEventKind } from './domain-events.ts';
import { Domain } from './domain.ts';
import { emitTo, guarded } from './event-sink.ts';
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
import {
  finish3,
  prepare3,
  prepareTunnel3,
  type MigrateEndRequest,
  type MigratePhaseRequest,
  type MigratePrepare3Reply,
  type MigratePrepareTunnel3Reply,
} from './migration-phases.ts';
import { Network } from './network.ts';
import {
  connectProcedures,
  domainProcedures,
  storageNetworkProcedures as storageNetwork,
} from './protocol/index.ts';
import type { DomainHandle, NamedHandle } from './protocol/shapes.ts';
import type { ConnectionGroup } from './rpc/connection-group.ts';
import { StoragePool } from './storage-pool.ts';
import { StorageVol } from './storage-vol.ts';
import {
  Subscriptions,
  type QemuSubscribeOptions,
  type SubscribeOptions,
  type Subscription,
} from './subscriptions.ts';
import { parseUuid } from './uuid.ts';

/**
 * An open connection to one libvirt daemon; made by {@link open}. Events are those of `subscribe`, and `close`, exactly
 * once. Methods throw as {@link Domain}'s do.
 */
export class Connection extends EventEmitter<ConnectionEvents> implements AsyncDisposable {
  /** As it was opened. */
  readonly uri: string;
  readonly #group: ConnectionGroup;
  readonly #subscriptions: Subscriptions;

  constructor(uri: string, group: ConnectionGroup) {
    super();
    this.uri = uri;
    this.#group = group;
    this.#subscriptions = new Subscriptions(group, (handle) => this.#domain(handle), emitTo(this));
    group.listen({
      onEvent: (program, procedure, payload) => {
        this.#subscriptions.dispatch(program, procedure, payload);
      },
      onEnd: (end) => guarded(() => this.emit('close', end)),
    });
  }

  /** True from the moment it can make no more calls. */
  get isClosed(): boolean {
    return this.#group.isEnded;
  }

  /** virConnectClose, at most a second long. Calls under way are rejected with ConnectionLostError. Idempotent. */
  close(): Promise<void> {
    return this.#group.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /**
   * virConnectDomainEventRegisterAny, or virConnectDomainQemuMonitorEventRegister: from the moment this resolves the
   * daemon sends such events, and `on(kind, ...)` hears them. Add the listener first: events may come with the reply.
   * The options decide what is emitted at all: an event that any subscription covers is emitted, once, to every listener.
   */
  subscribe(kind: 'qemuMonitorEvent', options?: QemuSubscribeOptions): Promise<Subscription>;
  subscribe(kind: DomainEventKind, options?: SubscribeOptions): Promise<Subscription>;
  subscribe(kind: DomainEventKind, options: QemuSubscribeOptions = {}): Promise<Subscription> {
    return this.#subscriptions.subscribe(kind, options);
  }

  /** virConnectGetHostname: the host's own idea of its name. */
  async getHostname(options?: CallOptions): Promise<string> {
    const procedure = connectProcedures.connectGetHostname;
    return (await this.#group.call(procedure, undefined, options?.signal)).hostname;
  }

  /** virConnectGetType: `QEMU`, `TEST`. */
  async getType(options?: CallOptions): Promise<string> {
    const procedure = connectProcedures.connectGetType;
    return (await this.#group.call(procedure, undefined, options?.signal)).type;
  }

  /** virConnectGetURI: what the daemon calls it. */
  async getURI(options?: CallOptions): Promise<string> {
    const procedure = connectProcedures.connectGetUri;
    return (await this.#group.call(procedure, undefined, options?.signal)).uri;
  }

  /** virConnectGetVersion: of the hypervisor. */
  async getVersion(options?: CallOptions): Promise<Version> {
    const procedure = connectProcedures.connectGetVersion;
    return toVersion((await this.#group.call(procedure, undefined, options?.signal)).version);
  }

  /** virConnectGetLibVersion: of the daemon. */
  async getLibVersion(options?: CallOptions): Promise<Version> {
    const procedure = connectProcedures.connectGetLibVersion;
    return toVersion((await this.#group.call(procedure, undefined, options?.signal)).version);
  }

  /** Whether the daemon's driver has one of `driverFeatures` (virDrvFeature). */
  async supportsFeature(feature: number, options?: CallOptions): Promise<boolean> {
    const procedure = connectProcedures.connectSupportsFeature;
    return (await this.#group.call(procedure, { feature }, options?.signal)).supported;
  }

  /** virConnectGetCapabilities, XML. The host's uuid stands at /capabilities/host/uuid: no call asks for it alone. */
  async getCapabilities(options?: CallOptions): Promise<string> {
    const procedure = connectProcedures.connectGetCapabilities;
    return (await this.#group.call(procedure, undefined, options?.signal)).capabilities;
  }

  /** virConnectGetDomainCapabilities, XML. */
  async getDomainCapabilities(options: DomainCapabilitiesOptions = {}): Promise<string> {
    const procedure = connectProcedures.connectGetDomainCapabilities;
    return (await this.#group.call(procedure, toTarget(options), options.signal)).capabilities;
  }

  /** virConnectCompareHypervisorCPU, with `compareCpuFlags`: can this hypervisor run a guest with that CPU? */
  async compareHypervisorCPU(
    cpuXml: string,
    options: DomainCapabilitiesOptions = {},
  ): Promise<CpuComparison> {
    const args = { ...toTarget(options), xml: cpuXml };
    const procedure = connectProcedures.connectCompareHypervisorCpu;
    return toCpuComparison((await this.#group.call(procedure, args, options.signal)).result);
  }

  /** virNodeGetInfo. */
  async nodeGetInfo(options?: CallOptions): Promise<NodeInfo> {
    const reply = await this.#group.call(connectProcedures.nodeGetInfo, undefined, options?.signal);
    return { ...reply, memoryKiB: toInteger64(reply.memoryKiB) };
  }

  /** virNodeGetFreeMemory, in bytes. */
  async nodeGetFreeMemory(options?: CallOptions): Promise<Integer64> {
    const procedure = connectProcedures.nodeGetFreeMemory;
    return toInteger64((await this.#group.call(procedure, undefined, options?.signal)).freeBytes);
  }

  /**
   * virNodeGetMemoryStats of the whole host, in KiB by libvirt's own keys: `total`, `free`, `buffers`, `cached`; fewer
   * where the host's system tells less.
   */
  nodeGetMemoryStats(options?: CallOptions): Promise<Readonly<Record<string, Integer64>>> {
    return readNodeMemoryStats(this.#group, options?.signal);
  }

  /** virConnectListAllDomains, with `listDomainsFlags`; all when left out. */
  async listAllDomains(options?: FlagOptions): Promise<Domain[]> {
    const procedure = connectProcedures.connectListAllDomains;
    const reply = await this.#group.call(procedure, toListArgs(options), options?.signal);
    return reply.items.map((handle) => this.#domain(handle));
  }

  /** virDomainLookupByName. @throws LibvirtError NO_DOMAIN. */
  async domainLookupByName(name: string, options?: CallOptions): Promise<Domain> {
    const procedure = domainProcedures.domainLookupByName;
    return this.#domain((await this.#group.call(procedure, { name }, options?.signal)).dom);
  }

  /** virDomainLookupByUUIDString. @throws LibvirtError NO_DOMAIN, EncodeError for what is no uuid. */
  async domainLookupByUUID(uuid: string, options?: CallOptions): Promise<Domain> {
    const args = { uuid: parseUuid(uuid) };
    const procedure = domainProcedures.domainLookupByUuid;
    return this.#domain((await this.#group.call(procedure, args, options?.signal)).dom);
  }

  /** virDomainDefineXMLFlags, with `defineFlags`. */
  async domainDefineXML(xml: string, options?: FlagOptions): Promise<Domain> {
    const args = { xml, flags: options?.flags ?? 0 };
    const procedure = domainProcedures.domainDefineXmlFlags;
    return this.#domain((await this.#group.call(procedure, args, options?.signal)).dom);
  }

  /** virDomainCreateXML, with `createFlags`: starts a transient domain. A blocking call. */
  async domainCreateXML(xml: string, options?: FlagOptions): Promise<Domain> {
    const args = { xml, flags: options?.flags ?? 0 };
    const procedure = domainProcedures.domainCreateXml;
    return this.#domain((await this.#group.call(procedure, args, options?.signal)).dom);
  }

  /**
   * virDomainMigratePrepare3Params, to the destination: starts a QEMU that waits for the guest. `destination_xml` is what
   * Begin answered where nothing else is wanted. Once this connection ends, so does that QEMU. A blocking call.
   */
  migratePrepare3Params(
    request: MigratePhaseRequest,
    options?: CallOptions,
  ): Promise<MigratePrepare3Reply> {
    return prepare3(this.#group, request, options);
  }

  /**
   * virDomainMigratePrepareTunnel3Params: as {@link migratePrepare3Params}, for a guest that comes through the stream. It
   * wants the flag TUNNELLED and a connection of one socket.
   */
  migratePrepareTunnel3Params(
    request: MigratePhaseRequest,
    options?: CallOptions,
  ): Promise<MigratePrepareTunnel3Reply> {
    return prepareTunnel3(this.#group, request, options);
  }

  /**
   * virDomainMigrateFinish3Params, the destination's last phase: the guest runs, or is done away with when `cancelled`.
   * `destination_name` has to be given. A blocking call.
   *
   * @throws LibvirtError whenever there is no domain in the end. For `cancelled` that is MIGRATE_FINISH_OK where it
   * worked: see {@link isMigrateFinishOk}.
   */
  async migrateFinish3Params(
    request: MigrateEndRequest,
    options?: CallOptions,
  ): Promise<{ domain: Domain; cookie: Uint8Array }> {
    const { dom, cookie } = await finish3(this.#group, request, options);
    return { domain: this.#domain(dom), cookie };
  }

  /** virConnectListAllStoragePools. */
  async listAllStoragePools(options?: FlagOptions): Promise<StoragePool[]> {
    const procedure = storageNetwork.connectListAllStoragePools;
    const reply = await this.#group.call(procedure, toListArgs(options), options?.signal);
    return reply.items.map((handle) => this.#pool(handle));
  }

  /** virStoragePoolLookupByName. @throws LibvirtError NO_STORAGE_POOL. */
  async storagePoolLookupByName(name: string, options?: CallOptions): Promise<StoragePool> {
    const procedure = storageNetwork.storagePoolLookupByName;
    return this.#pool((await this.#group.call(procedure, { name }, options?.signal)).pool);
  }

  /** virStoragePoolLookupByTargetPath: the pool whose directory it is. @throws LibvirtError NO_STORAGE_POOL. */
  async storagePoolLookupByTargetPath(path: string, options?: CallOptions): Promise<StoragePool> {
    const procedure = storageNetwork.storagePoolLookupByTargetPath;
    return this.#pool((await this.#group.call(procedure, { path }, options?.signal)).pool);
  }

  /** virStorageVolLookupByPath. @throws LibvirtError NO_STORAGE_VOL. */
  async storageVolLookupByPath(path: string, options?: CallOptions): Promise<StorageVol> {
    const procedure = storageNetwork.storageVolLookupByPath;
    const reply = await this.#group.call(procedure, { path }, options?.signal);
    return new StorageVol(this, this.#group, reply.vol);
  }

  /** virStorageVolLookupByKey. @throws LibvirtError NO_STORAGE_VOL. */
  async storageVolLookupByKey(key: string, options?: CallOptions): Promise<StorageVol> {
    const procedure = storageNetwork.storageVolLookupByKey;
    const reply = await this.#group.call(procedure, { key }, options?.signal);
    return new StorageVol(this, this.#group, reply.vol);
  }

  /** virConnectListAllNetworks. */
  async listAllNetworks(options?: FlagOptions): Promise<Network[]> {
    const procedure = storageNetwork.connectListAllNetworks;
    const reply = await this.#group.call(procedure, toListArgs(options), options?.signal);
    return reply.items.map((handle) => new Network(this, this.#group, handle));
  }

  /** virNetworkLookupByName. @throws LibvirtError NO_NETWORK. */
  async networkLookupByName(name: string, options?: CallOptions): Promise<Network> {
    const procedure = storageNetwork.networkLookupByName;
    const reply = await this.#group.call(procedure, { name }, options?.signal);
    return new Network(this, this.#group, reply.net);
  }

  #domain(handle: DomainHandle): Domain {
    return new Domain(this, this.#group, handle);
  }

  #pool(handle: NamedHandle): StoragePool {
    return new StoragePool(this, this.#group, handle);
  }
}

function toListArgs(options: FlagOptions | undefined): { needResults: number; flags: number } {
  return { needResults: 1, flags: options?.flags ?? 0 };
}
