import type { CallOptions, FlagOptions } from './call-options.ts';
import type { Domain } from './domain.ts';
import { snapshotProcedures as procedures } from './protocol/index.ts';
import type { DomainSnapshotHandle } from './protocol/shapes.ts';
import type { Caller } from './rpc/connection-group.ts';

/** A snapshot that libvirt knows of a domain; errors as for {@link Domain}, NO_DOMAIN_SNAPSHOT when it is gone. */
export class DomainSnapshot {
  readonly domain: Domain;
  readonly name: string;
  readonly #caller: Caller;
  readonly #handle: DomainSnapshotHandle;

  constructor(domain: Domain, caller: Caller, handle: DomainSnapshotHandle) {
    this.domain = domain;
    this.#caller = caller;
    this.#handle = handle;
    this.name = handle.name;
  }

  /** virDomainSnapshotGetXMLDesc, with `snapshotXmlFlags`. */
  async getXMLDesc(options?: FlagOptions): Promise<string> {
    const procedure = procedures.domainSnapshotGetXmlDesc;
    return (await this.#caller.call(procedure, this.#with(options), options?.signal)).xml;
  }

  /** virDomainSnapshotGetParent. @throws LibvirtError NO_DOMAIN_SNAPSHOT for a root. */
  async getParent(options?: CallOptions): Promise<DomainSnapshot> {
    const procedure = procedures.domainSnapshotGetParent;
    const reply = await this.#caller.call(procedure, this.#with(), options?.signal);
    return new DomainSnapshot(this.domain, this.#caller, reply.snap);
  }

  /** virDomainSnapshotNumChildren, with `snapshotListFlags`. */
  async numChildren(options?: FlagOptions): Promise<number> {
    const procedure = procedures.domainSnapshotNumChildren;
    return (await this.#caller.call(procedure, this.#with(options), options?.signal)).count;
  }

  /** virDomainSnapshotListAllChildren, with `snapshotListFlags`: direct ones, with DESCENDANTS all. */
  async listAllChildren(options?: FlagOptions): Promise<DomainSnapshot[]> {
    const args = { ...this.#with(options), needResults: 1 };
    const procedure = procedures.domainSnapshotListAllChildren;
    const reply = await this.#caller.call(procedure, args, options?.signal);
    return reply.items.map((handle) => new DomainSnapshot(this.domain, this.#caller, handle));
  }

  /** virDomainSnapshotIsCurrent: would a snapshot made now be its child? */
  async isCurrent(options?: CallOptions): Promise<boolean> {
    const procedure = procedures.domainSnapshotIsCurrent;
    return (await this.#caller.call(procedure, this.#with(), options?.signal)).current;
  }

  /** virDomainSnapshotHasMetadata: does libvirt keep a record of it that an undefine would lose? */
  async hasMetadata(options?: CallOptions): Promise<boolean> {
    const procedure = procedures.domainSnapshotHasMetadata;
    return (await this.#caller.call(procedure, this.#with(), options?.signal)).metadata;
  }

  /**
   * virDomainRevertToSnapshot, with `snapshotRevertFlags`: the guest goes back to it, and what it did since is lost. When
   * it fails the guest may be shut off. A blocking call.
   */
  revert(options?: FlagOptions): Promise<void> {
    const procedure = procedures.domainRevertToSnapshot;
    return this.#caller.call(procedure, this.#with(options), options?.signal);
  }

  /** virDomainSnapshotDelete, with `snapshotDeleteFlags`; children become its parent's. A blocking call. */
  delete(options?: FlagOptions): Promise<void> {
    const procedure = procedures.domainSnapshotDelete;
    return this.#caller.call(procedure, this.#with(options), options?.signal);
  }

  #with(options?: FlagOptions): { snap: DomainSnapshotHandle; flags: number } {
    return { snap: this.#handle, flags: options?.flags ?? 0 };
  }
}
