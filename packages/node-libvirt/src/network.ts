import type { CallOptions } from './call-options.ts';
import type { Connection } from './connection.ts';
import { storageNetworkProcedures } from './protocol/index.ts';
import type { NamedHandle } from './protocol/shapes.ts';
import type { Caller } from './rpc/connection-group.ts';
import { formatUuid } from './uuid.ts';

/** A libvirt virtual network; errors as for {@link Domain}. */
export class Network {
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

  /** virNetworkIsActive. */
  async isActive(options?: CallOptions): Promise<boolean> {
    const args = { net: this.#handle };
    const procedure = storageNetworkProcedures.networkIsActive;
    return (await this.#caller.call(procedure, args, options?.signal)).active;
  }
}
