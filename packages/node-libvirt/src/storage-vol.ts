import type { CallOptions, FlagOptions } from './call-options.ts';
import type { Connection } from './connection.ts';
import { fromInteger64, toInteger64, type Integer64 } from './integer64.ts';
import { nameOf, storageVolTypes } from './names.ts';
import { storageNetworkProcedures as procedures } from './protocol/index.ts';
import type { StorageVolHandle } from './protocol/shapes.ts';
import type { Caller } from './rpc/connection-group.ts';
import type { UploadStream, VolumeRange } from './stream.ts';
import { downloadVolume } from './volume-download.ts';

export interface StorageVolInfo {
  readonly type: (typeof storageVolTypes)[number] | 'unknown';
  readonly typeNumber: number;
  readonly capacityBytes: Integer64;
  readonly allocationBytes: Integer64;
}

/** A volume of a libvirt storage pool; errors as for {@link Domain}. */
export class StorageVol {
  readonly connection: Connection;
  /** Name of its pool. */
  readonly pool: string;
  readonly name: string;
  readonly key: string;
  readonly #caller: Caller;
  readonly #handle: StorageVolHandle;

  constructor(connection: Connection, caller: Caller, handle: StorageVolHandle) {
    this.connection = connection;
    this.#caller = caller;
    this.#handle = handle;
    this.pool = handle.pool;
    this.name = handle.name;
    this.key = handle.key;
  }

  /** virStorageVolGetInfo; with `storageVolInfoFlags` virStorageVolGetInfoFlags. */
  async getInfo(options?: FlagOptions): Promise<StorageVolInfo> {
    const { flags = 0, signal } = options ?? {};
    const vol = this.#handle;
    const reply =
      flags === 0
        ? await this.#caller.call(procedures.storageVolGetInfo, { vol }, signal)
        : await this.#caller.call(procedures.storageVolGetInfoFlags, { vol, flags }, signal);
    return {
      type: nameOf(storageVolTypes, reply.type),
      typeNumber: reply.type,
      capacityBytes: toInteger64(reply.capacityBytes),
      allocationBytes: toInteger64(reply.allocationBytes),
    };
  }

  /** virStorageVolResize, with `storageVolResizeFlags`. A blocking call: it may have to allocate. */
  async resize(capacityBytes: Integer64, options?: FlagOptions): Promise<void> {
    const capacity = fromInteger64(capacityBytes);
    const args = { vol: this.#handle, capacityBytes: capacity, flags: options?.flags ?? 0 };
    await this.#caller.call(procedures.storageVolResize, args, options?.signal);
  }

  /** virStorageVolGetXMLDesc. */
  async getXMLDesc(options?: FlagOptions): Promise<string> {
    const args = { vol: this.#handle, flags: options?.flags ?? 0 };
    return (await this.#caller.call(procedures.storageVolGetXmlDesc, args, options?.signal)).xml;
  }

  /** virStorageVolGetPath. */
  async getPath(options?: CallOptions): Promise<string> {
    const args = { vol: this.#handle };
    return (await this.#caller.call(procedures.storageVolGetPath, args, options?.signal)).path;
  }

  /**
   * virStorageVolUpload: over what is there, and no further than `lengthBytes`. The stream has a socket of its own, except
   * on a connection of one socket.
   */
  async upload({
    offsetBytes = 0,
    lengthBytes = 0,
    signal,
  }: VolumeRange = {}): Promise<UploadStream> {
    const args = {
      vol: this.#handle,
      offset: fromInteger64(offsetBytes),
      length: fromInteger64(lengthBytes),
      flags: 0,
    };
    const sendBytesMax = args.length === 0n ? Number.POSITIVE_INFINITY : Number(args.length);
    const options = { sendBytesMax, receiveBytesMax: 0, signal };
    return (await this.#caller.openStreamApart(procedures.storageVolUpload, args, options)).stream;
  }

  /**
   * virStorageVolDownload, in pieces of at most 256 KiB. Up to 4 MiB are read ahead, and no more before they are consumed.
   * Between the pieces the volume may change. The signal ends it in the middle, as leaving the loop does.
   */
  download(range: VolumeRange = {}): AsyncIterable<Uint8Array> {
    return downloadVolume(this.#caller, this.#handle, range);
  }

  /** virStorageVolDelete: the data is gone. A blocking call. */
  delete(options?: FlagOptions): Promise<void> {
    const args = { vol: this.#handle, flags: options?.flags ?? 0 };
    return this.#caller.call(procedures.storageVolDelete, args, options?.signal);
  }
}
