import type { CallOptions, FlagOptions } from './call-options.ts';
import type { Connection } from './connection.ts';
import { nameOf, secretUsageTypes, type SecretUsageType } from './names.ts';
import { secretProcedures as procedures } from './protocol/index.ts';
import type { SecretHandle } from './protocol/shapes.ts';
import type { Caller } from './rpc/connection-group.ts';
import { formatUuid } from './uuid.ts';

/** A secret that libvirt keeps, such as the key of an encrypted volume; errors as for {@link Domain}, never with the value. */
export class Secret {
  readonly connection: Connection;
  readonly uuid: string;
  readonly usageType: SecretUsageType | 'unknown';
  readonly usageTypeNumber: number;
  /** What it is for: the volume's path, the client's name, ...; empty for the type `none`. */
  readonly usageId: string;
  readonly #caller: Caller;
  readonly #handle: SecretHandle;

  constructor(connection: Connection, caller: Caller, handle: SecretHandle) {
    this.connection = connection;
    this.#caller = caller;
    this.#handle = handle;
    this.uuid = formatUuid(handle.uuid);
    this.usageType = nameOf(secretUsageTypes, handle.usageType);
    this.usageTypeNumber = handle.usageType;
    this.usageId = handle.usageId;
  }

  /** virSecretGetXMLDesc: without the value. */
  async getXMLDesc(options?: FlagOptions): Promise<string> {
    const args = { secret: this.#handle, flags: options?.flags ?? 0 };
    return (await this.#caller.call(procedures.secretGetXmlDesc, args, options?.signal)).xml;
  }

  /** virSecretSetValue: at most 64 KiB. */
  setValue(value: Uint8Array, options?: FlagOptions): Promise<void> {
    const args = { secret: this.#handle, value, flags: options?.flags ?? 0 };
    return this.#caller.call(procedures.secretSetValue, args, options?.signal);
  }

  /** virSecretGetValue. @throws LibvirtError NO_SECRET when it has none, INVALID_SECRET when it is private. */
  async getValue(options?: FlagOptions): Promise<Uint8Array> {
    const args = { secret: this.#handle, flags: options?.flags ?? 0 };
    return (await this.#caller.call(procedures.secretGetValue, args, options?.signal)).value;
  }

  /** virSecretUndefine: the value is gone. */
  undefine(options?: CallOptions): Promise<void> {
    const args = { secret: this.#handle };
    return this.#caller.call(procedures.secretUndefine, args, options?.signal);
  }
}
