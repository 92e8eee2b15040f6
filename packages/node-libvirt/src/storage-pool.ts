import type { CallOptions, FlagOptions } from './call-options.ts';
import type { Connection } from './connection.ts';
import { toInteger64, type Integer64 } from './integer64.ts';
import { nameOf, storagePoolStates } from './names.ts';
import { storageNetworkProcedures as procedures } from './protocol/index.ts';
import type { NamedHandle } from './protocol/shapes.ts';
import type { Caller } from './rpc/connection-group.ts';
import { StorageVol } from './storage-vol.ts';
import { formatUuid } from './uuid.ts';

export interface StoragePoolInfo {
  readonly state: (typeof storagePoolStates)[number] | 'unknown';
  readonly stateNumber: number;
  readonly capacityBytes: Integer64;
  readonly allocationBytes: Integer64;
  readonly availableBytes: Integer64;
}

/** A libvirt storage pool; errors as for {@link Domain}. */
export class StoragePool {
  readonly connection: Connection;
  readonly name: string;
  readonly uuid: string;
  readonly #caller: Caller;
  readonly #handle: NamedHandle;

  constructor(connection: Connection, caller: Caller, handle: NamedHandle) {
    this.connection = connection;
    this.#caller = caller;
    this.#handle = handle;
    this.name = handle.name;
    this.uuid = formatUuid(handle.uuid);
  }

  /** virStoragePoolGetInfo: as of the last refresh. */
  async getInfo(options?: CallOptions): Promise<StoragePoolInfo> {
    const args = { pool: this.#handle };
    const reply = await this.#caller.call(procedures.storagePoolGetInfo, args, options?.signal);
    return {
      state: nameOf(storagePoolStates, reply.state),
      stateNumber: reply.state,
      capacityBytes: toInteger64(reply.capacityBytes),
      allocationBytes: toInteger64(reply.allocationBytes),
      availableBytes: toInteger64(reply.availableBytes),
    };
  }

  /** virStoragePoolIsActive. */
  async isActive(options?: CallOptions): Promise<boolean> {
    const args = { pool: this.#handle };
    return (await this.#caller.call(procedures.storagePoolIsActive, args, options?.signal)).active;
  }

  /** virStoragePoolGetXMLDesc. */
  async getXMLDesc(options?: FlagOptions): Promise<string> {
    const args = { pool: this.#handle, flags: options?.flags ?? 0 };
    return (await this.#caller.call(procedures.storagePoolGetXmlDesc, args, options?.signal)).xml;
  }

  /** virStoragePoolRefresh: looks again at what is in it. */
  refresh(options?: FlagOptions): Promise<void> {
    const args = { pool: this.#handle, flags: options?.flags ?? 0 };
    return this.#caller.call(procedures.storagePoolRefresh, args, options?.signal);
  }

  /** virStoragePoolListAllVolumes. */
  async listAllVolumes(options?: FlagOptions): Promise<StorageVol[]> {
    const args = { pool: this.#handle, needResults: 1, flags: options?.flags ?? 0 };
    const reply = await this.#caller.call(
      procedures.storagePoolListAllVolumes,
      args,
      options?.signal,
    );
    return reply.items.map((handle) => new StorageVol(this.connection, this.#caller, handle));
  }

  /** virStorageVolLookupByName. */
  async storageVolLookupByName(name: string, options?: CallOptions): Promise<StorageVol> {
    const args = { pool: this.#handle, name };
    const reply = await this.#caller.call(procedures.storageVolLookupByName, args, options?.signal);
    return new StorageVol(this.connection, this.#caller, reply.vol);
  }

  /**
   * virStorageVolCreateXMLFrom, with `storageVolCreateFlags`: a new volume of this pool with the data of another one of the
   * same daemon. A blocking call: it copies.
   */
  async storageVolCreateXMLFrom(
    xml: string,
    source: StorageVol,
    options?: FlagOptions,
  ): Promise<StorageVol> {
    const { pool, name, key } = source;
    const from = { pool: this.#handle, xml, source: { pool, name, key } };
    const args = { ...from, flags: options?.flags ?? 0 };
    const reply = await this.#caller.call(
      procedures.storageVolCreateXmlFrom,
      args,
      options?.signal,
    );
    return new StorageVol(this.connection, this.#caller, reply.vol);
  }

  /** virStorageVolCreateXML. A blocking call: it may have to allocate. */
  async storageVolCreateXML(xml: string, options?: FlagOptions): Promise<StorageVol> {
    const args = { pool: this.#handle, xml, flags: options?.flags ?? 0 };
    const reply = await this.#caller.call(procedures.storageVolCreateXml, args, options?.signal);
    return new StorageVol(this.connection, this.#caller, reply.vol);
  }
}
