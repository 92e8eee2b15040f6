import type { CallOptions, FlagOptions } from './call-options.ts';
import { ConnectionHost } from './connection-host.ts';
import type { DomainEventKind } from './domain-events.ts';
import { Domain } from './domain.ts';
import { emitTo, guarded } from './event-sink.ts';
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
import { secretUsageTypes, type SecretUsageType } from './names.ts';
import {
  connectProcedures,
  domainProcedures,
  savingProcedures,
  secretProcedures,
  storageNetworkProcedures as storageNetwork,
} from './protocol/index.ts';
import type { DomainHandle, NamedHandle, SecretHandle } from './protocol/shapes.ts';
import type { ConnectionGroup } from './rpc/connection-group.ts';
import { toSaveParams, type SaveOptions, type SaveParams } from './save-params.ts';
import { Secret } from './secret.ts';
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
export class Connection extends ConnectionHost implements AsyncDisposable {
  readonly #subscriptions: Subscriptions;

  constructor(uri: string, group: ConnectionGroup) {
    super(uri, group);
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
    return this.group.isEnded;
  }

  /** virConnectClose, at most a second long. Calls under way are rejected with ConnectionLostError. Idempotent. */
  close(): Promise<void> {
    return this.group.close();
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

  /** virConnectListAllDomains, with `listDomainsFlags`; all when left out. */
  async listAllDomains(options?: FlagOptions): Promise<Domain[]> {
    const procedure = connectProcedures.connectListAllDomains;
    const reply = await this.group.call(procedure, toListArgs(options), options?.signal);
    return reply.items.map((handle) => this.#domain(handle));
  }

  /** virDomainLookupByName. @throws LibvirtError NO_DOMAIN. */
  async domainLookupByName(name: string, options?: CallOptions): Promise<Domain> {
    const procedure = domainProcedures.domainLookupByName;
    return this.#domain((await this.group.call(procedure, { name }, options?.signal)).dom);
  }

  /** virDomainLookupByUUIDString. @throws LibvirtError NO_DOMAIN, EncodeError for what is no uuid. */
  async domainLookupByUUID(uuid: string, options?: CallOptions): Promise<Domain> {
    const args = { uuid: parseUuid(uuid) };
    const procedure = domainProcedures.domainLookupByUuid;
    return this.#domain((await this.group.call(procedure, args, options?.signal)).dom);
  }

  /** virDomainDefineXMLFlags, with `defineFlags`. */
  async domainDefineXML(xml: string, options?: FlagOptions): Promise<Domain> {
    const args = { xml, flags: options?.flags ?? 0 };
    const procedure = domainProcedures.domainDefineXmlFlags;
    return this.#domain((await this.group.call(procedure, args, options?.signal)).dom);
  }

  /** virDomainCreateXML, with `createFlags`: starts a transient domain. A blocking call. */
  async domainCreateXML(xml: string, options?: FlagOptions): Promise<Domain> {
    const args = { xml, flags: options?.flags ?? 0 };
    const procedure = domainProcedures.domainCreateXml;
    return this.#domain((await this.group.call(procedure, args, options?.signal)).dom);
  }

  /**
   * virDomainRestoreFlags, with `saveRestoreFlags`: a saved guest goes on. The file stays as it is. A blocking call.
   */
  domainRestoreFlags(file: string, options?: SaveOptions): Promise<void> {
    const args = { from: file, dxml: options?.xml ?? null, flags: options?.flags ?? 0 };
    return this.group.call(savingProcedures.domainRestoreFlags, args, options?.signal);
  }

  /** virDomainRestoreParams (8.4.0), with `saveRestoreFlags`: as {@link domainRestoreFlags}. A blocking call. */
  async domainRestoreParams(params: SaveParams, options?: FlagOptions): Promise<void> {
    const args = { params: toSaveParams(params), flags: options?.flags ?? 0 };
    await this.group.call(savingProcedures.domainRestoreParams, args, options?.signal);
  }

  /** virDomainSaveImageGetXMLDesc, with `saveImageXmlFlags`: the definition that is in the file. */
  async domainSaveImageGetXMLDesc(file: string, options?: FlagOptions): Promise<string> {
    const args = { file, flags: options?.flags ?? 0 };
    const procedure = savingProcedures.domainSaveImageGetXmlDesc;
    return (await this.group.call(procedure, args, options?.signal)).xml;
  }

  /** virDomainSaveImageDefineXML, with `saveRestoreFlags` RUNNING or PAUSED: changes the file. */
  domainSaveImageDefineXML(file: string, xml: string, options?: FlagOptions): Promise<void> {
    const args = { file, dxml: xml, flags: options?.flags ?? 0 };
    return this.group.call(savingProcedures.domainSaveImageDefineXml, args, options?.signal);
  }

  /**
   * virDomainMigratePrepare3Params, to the destination: starts a QEMU that waits for the guest. `destination_xml` is what
   * Begin answered where nothing else is wanted. Once this connection ends, so does that QEMU. A blocking call.
   */
  migratePrepare3Params(
    request: MigratePhaseRequest,
    options?: CallOptions,
  ): Promise<MigratePrepare3Reply> {
    return prepare3(this.group, request, options);
  }

  /**
   * virDomainMigratePrepareTunnel3Params: as {@link migratePrepare3Params}, for a guest that comes through the stream. It
   * wants the flag TUNNELLED and a connection of one socket.
   */
  migratePrepareTunnel3Params(
    request: MigratePhaseRequest,
    options?: CallOptions,
  ): Promise<MigratePrepareTunnel3Reply> {
    return prepareTunnel3(this.group, request, options);
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
    const { dom, cookie } = await finish3(this.group, request, options);
    return { domain: this.#domain(dom), cookie };
  }

  /** virConnectListAllStoragePools. */
  async listAllStoragePools(options?: FlagOptions): Promise<StoragePool[]> {
    const procedure = storageNetwork.connectListAllStoragePools;
    const reply = await this.group.call(procedure, toListArgs(options), options?.signal);
    return reply.items.map((handle) => this.#pool(handle));
  }

  /** virStoragePoolLookupByName. @throws LibvirtError NO_STORAGE_POOL. */
  async storagePoolLookupByName(name: string, options?: CallOptions): Promise<StoragePool> {
    const procedure = storageNetwork.storagePoolLookupByName;
    return this.#pool((await this.group.call(procedure, { name }, options?.signal)).pool);
  }

  /** virStoragePoolLookupByTargetPath: the pool whose directory it is. @throws LibvirtError NO_STORAGE_POOL. */
  async storagePoolLookupByTargetPath(path: string, options?: CallOptions): Promise<StoragePool> {
    const procedure = storageNetwork.storagePoolLookupByTargetPath;
    return this.#pool((await this.group.call(procedure, { path }, options?.signal)).pool);
  }

  /** virStorageVolLookupByPath. @throws LibvirtError NO_STORAGE_VOL. */
  async storageVolLookupByPath(path: string, options?: CallOptions): Promise<StorageVol> {
    const procedure = storageNetwork.storageVolLookupByPath;
    const reply = await this.group.call(procedure, { path }, options?.signal);
    return new StorageVol(this, this.group, reply.vol);
  }

  /** virStorageVolLookupByKey. @throws LibvirtError NO_STORAGE_VOL. */
  async storageVolLookupByKey(key: string, options?: CallOptions): Promise<StorageVol> {
    const procedure = storageNetwork.storageVolLookupByKey;
    const reply = await this.group.call(procedure, { key }, options?.signal);
    return new StorageVol(this, this.group, reply.vol);
  }

  /** virConnectListAllNetworks. */
  async listAllNetworks(options?: FlagOptions): Promise<Network[]> {
    const procedure = storageNetwork.connectListAllNetworks;
    const reply = await this.group.call(procedure, toListArgs(options), options?.signal);
    return reply.items.map((handle) => new Network(this, this.group, handle));
  }

  /** virNetworkLookupByName. @throws LibvirtError NO_NETWORK. */
  async networkLookupByName(name: string, options?: CallOptions): Promise<Network> {
    const procedure = storageNetwork.networkLookupByName;
    const reply = await this.group.call(procedure, { name }, options?.signal);
    return new Network(this, this.group, reply.net);
  }

  /** virConnectListAllSecrets, with `listSecretsFlags`. */
  async listAllSecrets(options?: FlagOptions): Promise<Secret[]> {
    const procedure = secretProcedures.connectListAllSecrets;
    const reply = await this.group.call(procedure, toListArgs(options), options?.signal);
    return reply.items.map((handle) => this.#secret(handle));
  }

  /** virSecretLookupByUUIDString. @throws LibvirtError NO_SECRET, EncodeError for what is no uuid. */
  async secretLookupByUUID(uuid: string, options?: CallOptions): Promise<Secret> {
    const args = { uuid: parseUuid(uuid) };
    const procedure = secretProcedures.secretLookupByUuid;
    return this.#secret((await this.group.call(procedure, args, options?.signal)).secret);
  }

  /** virSecretLookupByUsage. @throws LibvirtError NO_SECRET. */
  async secretLookupByUsage(
    usageType: SecretUsageType,
    usageId: string,
    options?: CallOptions,
  ): Promise<Secret> {
    const args = { usageType: secretUsageTypes.indexOf(usageType), usageId };
    const procedure = secretProcedures.secretLookupByUsage;
    return this.#secret((await this.group.call(procedure, args, options?.signal)).secret);
  }

  /** virSecretDefineXML, with `secretDefineFlags`: without its value. */
  async secretDefineXML(xml: string, options?: FlagOptions): Promise<Secret> {
    const args = { xml, flags: options?.flags ?? 0 };
    const procedure = secretProcedures.secretDefineXml;
    return this.#secret((await this.group.call(procedure, args, options?.signal)).secret);
  }

  #secret(handle: SecretHandle): Secret {
    return new Secret(this, this.group, handle);
  }

  #domain(handle: DomainHandle): Domain {
    return new Domain(this, this.group, handle);
  }

  #pool(handle: NamedHandle): StoragePool {
    return new StoragePool(this, this.group, handle);
  }
}

function toListArgs(options: FlagOptions | undefined): { needResults: number; flags: number } {
  return { needResults: 1, flags: options?.flags ?? 0 };
}
