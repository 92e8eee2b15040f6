import type { FlagOptions } from './call-options.ts';
import type { Connection } from './connection.ts';
import type { DomainHandle } from './protocol/shapes.ts';
import type { Caller } from './rpc/connection-group.ts';
import { formatUuid } from './uuid.ts';

/** What every part of {@link Domain} stands on. The parts are one class, in files by what the calls are about. */
export abstract class DomainBase {
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

  // Accessors and no fields: what is behind them shows in nothing that is printed.
  protected get caller(): Caller {
    return this.#caller;
  }

  protected get handle(): DomainHandle {
    return this.#handle;
  }

  protected with(options: FlagOptions | undefined): { dom: DomainHandle; flags: number } {
    return { dom: this.#handle, flags: options?.flags ?? 0 };
  }
}
