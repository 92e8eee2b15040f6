import { dirname } from 'node:path/posix';
import type { DomainStatus, DomainView } from '../../src/ports/domain.ts';
import { toFailure } from '../../src/ports/failure.ts';
import type { Failure } from '../../src/ports/failure.ts';
import type { Hypervisor, Hypervisors } from '../../src/ports/hypervisor.ts';
import type { MigrateCall, MigrationLink, MigrationOptions } from '../../src/ports/migration.ts';
import { plainOptions } from '../support/migration-options.ts';
import { Watched } from './watched.ts';

/** Two hosts that the suite may use as it likes. */
export interface TwoHosts {
  /** Where both were opened, and what links them for a migration that the client drives. */
  readonly hypervisors: Hypervisors;
  readonly source: Hypervisor;
  readonly destination: Hypervisor;
  /** How the source's daemon reaches the destination's, and an address where none listens. */
  readonly destinationConnectUri: string;
  readonly unreachableConnectUri: string;
  /**
   * A running, persistent guest on the source with one writable disk `vda`, on storage of both
   * hosts or in a pool that both hosts have, a virtio-rng and a USB tablet; it writes little memory. @returns its uuid
   */
  addGuest(name: string, storage: Storage, agent: 'well' | 'none'): Promise<string>;
  /** Of a guest that was made with one. */
  setAgent(name: string, agent: AgentTrouble): Promise<void>;
  /** A running, persistent domain without disks, quick to make. @returns its uuid */
  addBareDomain(name: string, on: Role): Promise<string>;
  /** Lets time pass while the work goes on. */
  run<T>(work: Promise<T>): Promise<T>;
  close(): Promise<void>;
}

export type Storage = 'shared' | 'private';
export type Role = 'source' | 'destination';
/** `hangs`: it makes every freeze three seconds late. `gone`: it ends, for good. */
export type AgentTrouble = 'well' | 'silent' | 'hangs' | 'gone';

/** For calls that nobody aborts. */
export const unending = new AbortController().signal;

/** What a case works with; it removes what the case has made. */
export class Fixture {
  readonly hosts: TwoHosts;
  readonly #uuids = new Set<string>();
  readonly #watches = new Set<Watched>();
  readonly #links = new Set<MigrationLink>();
  /** Files that cases made, the newest first: layers before what they lie upon. */
  readonly #paths: string[] = [];
  #domainCount = 0;

  constructor(hosts: TwoHosts) {
    this.hosts = hosts;
  }

  get source(): Hypervisor {
    return this.hosts.source;
  }

  get destination(): Hypervisor {
    return this.hosts.destination;
  }

  async newGuest(storage: Storage, agent: 'well' | 'none' = 'none'): Promise<DomainView> {
    const uuid = await this.hosts.addGuest(this.#nextName('guest'), storage, agent);
    this.#uuids.add(uuid);
    const view = await this.view('source', uuid);
    for (const { path } of view.disks) if (path !== null) this.#paths.unshift(path);
    return view;
  }

  /** Beside the guest's first disk, for a file that the case makes. */
  newPath({ disks, name }: DomainView, what: string): string {
    const path = `${dirname(disks[0]?.path ?? '/')}/${name}-${what}.qcow2`;
    this.#paths.unshift(path);
    return path;
  }

  /** For what has nothing to do with disks or memory. */
  async newBareDomain(): Promise<DomainView> {
    const uuid = await this.hosts.addBareDomain(this.#nextName('bare'), 'source');
    this.#uuids.add(uuid);
    return this.view('source', uuid);
  }

  async newDestinationDomain(name: string): Promise<string> {
    const uuid = await this.hosts.addBareDomain(name, 'destination');
    this.#uuids.add(uuid);
    return uuid;
  }

  watch(role: Role, uuid: string, how: 'begun' | 'resumed' = 'begun'): Watched {
    const watched = new Watched(this.hosts[role], uuid, role, how === 'resumed');
    this.#watches.add(watched);
    return watched;
  }

  watchAlone(uuid: string, how: 'begun' | 'resumed' = 'begun'): Watched {
    const watched = new Watched(this.source, uuid, 'alone', how === 'resumed');
    this.#watches.add(watched);
    return watched;
  }

  /** @throws Error when it is not there */
  async view(role: Role, uuid: string): Promise<DomainView> {
    const view = await this.hosts[role].findDomain(uuid, unending);
    if (view === null) throw new Error(`the ${role} has no domain ${uuid}`);
    return view;
  }

  status(role: Role, uuid: string): Promise<DomainStatus | null> {
    return this.hosts[role].findStatus(uuid, unending);
  }

  callFor(
    guest: DomainView,
    options: Partial<MigrationOptions> = {},
    purpose: MigrateCall['purpose'] = 'move',
  ): MigrateCall {
    return {
      domainUuid: guest.uuid,
      purpose,
      persistent: guest.persistent,
      copyDisks: (options.copyStorage ?? 'none') === 'none' ? [] : ['vda'],
      options: {
        ...plainOptions,
        destinationConnectUri: this.hosts.destinationConnectUri,
        ...options,
      },
    };
  }

  migrate(guest: DomainView, options: Partial<MigrationOptions> = {}): Promise<void> {
    return this.source.migrate(this.callFor(guest, options), unending);
  }

  /** A migration that copies memory for a minute, unless somebody intervenes. */
  async startSlowMigration(guest: DomainView, options: Partial<MigrationOptions> = {}) {
    const watched = this.watch('source', guest.uuid);
    await watched.sees('state running booted');
    const ended = failureOf(this.migrate(guest, { bandwidthMibPerS: 1, ...options }));
    await watched.sees('migrationStatus active');
    return { watched, ended };
  }

  /** Connections of their own for a migration that the case drives. */
  async link(): Promise<MigrationLink> {
    const ends = { source: this.source.uri, destination: this.destination.uri };
    const link = await this.hosts.hypervisors.linkMigration(ends, unending);
    this.#links.add(link);
    return link;
  }

  #nextName(kind: string): string {
    this.#domainCount += 1;
    return `${kind}-${this.#domainCount}`;
  }

  async clean(): Promise<void> {
    await Promise.all([...this.#watches].map((each) => each.stop()));
    this.#watches.clear();
    await Promise.all([...this.#links].map((each) => each.close()));
    this.#links.clear();
    for (const uuid of this.#uuids) {
      await removeDomain(this.source, uuid, this.#paths);
      await removeDomain(this.destination, uuid, []);
    }
    this.#uuids.clear();
    for (const path of this.#paths.splice(0)) await this.source.deleteVolume(path, unending);
  }
}

async function removeDomain(
  host: Hypervisor,
  uuid: string,
  removedLater: readonly string[],
): Promise<void> {
  const view = await host.findDomain(uuid, unending);
  for (const { targetDev } of view?.disks ?? [])
    await host.endBlockJob(uuid, targetDev, 'cancel', unending);
  const chains = await host.findChains(uuid, unending);
  // Each layer before what it lies on; of what is shut off only the top is told.
  const told = [...(view?.disks ?? []), ...chains.flatMap((chain) => chain.layers)];
  const layers = new Set(told.flatMap(({ path }) => path ?? []));
  await host.destroy(uuid, unending);
  if (view?.managedSave === true) await host.removeManagedSave(uuid, unending);
  for (const { name } of await host.listSnapshots(uuid, unending))
    await host.deleteSnapshot(uuid, name, { children: 'keep', metadataOnly: true }, unending);
  await host.undefine(uuid, unending);
  for (const path of layers)
    if (!removedLater.includes(path)) await host.deleteVolume(path, unending);
}

/** What a call failed with; `null` when it did not fail. */
export function failureOf(call: Promise<unknown>): Promise<Failure | null> {
  return call.then(
    () => null,
    (error: unknown) => toFailure(error),
  );
}
