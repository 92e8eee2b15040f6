import type { Claim, StandingClaim } from '../../ports/claim.ts';
import { delay, type Clock } from '../../ports/clock.ts';
import type { DomainStatus, DomainView, HostSurvey, HostView } from '../../ports/domain.ts';
import type { Failure } from '../../ports/failure.ts';
import type { HypervisorCore, WatchRequest } from '../../ports/hypervisor.ts';
import type { IncomingView, MigrateCall, Reachability, VolumeView } from '../../ports/migration.ts';
import { assessIncoming, type IncomingRequest } from './assess-incoming.ts';
import { boundedCall } from './bounded-call.ts';
import { readClaims, removeClaim, writeClaim } from './claims.ts';
import { readDiskUsers, usesDirectory, usesDisk } from './disk-users.ts';
import {
  abortJob,
  destroy,
  forgetHalfMoved,
  isBeforeMemoryCopy,
  persist,
  resume,
  suspend,
  undefine,
} from './domain-actions.ts';
import {
  lookUpDomain,
  nullWithoutDomain,
  readMigratableXml,
  readState,
  readStatus,
  readView,
} from './domain-reads.ts';
import type { HostCaller } from './host-caller.ts';
import type { HostConnection } from './host-connection.ts';
import { probeThrough, readHost } from './host-view.ts';
import { judgeMigration } from './judge-migration.ts';
import { toPeer2peerRequest } from './migration-flags.ts';
import { surveyHost } from './survey-host.ts';
import { downloadVolume, uploadVolume } from './volume-transfer.ts';
import { createVolumeAt, deleteVolumeAt, findPlace, readVolumeAt } from './volumes.ts';
import { watchDomain } from './watch-domain.ts';

/** No event tells of every host when QEMU begins to send memory. */
const memoryCopyPollMs = 100;

/** What every workflow asks of one libvirt daemon, over the connection that all its users share. */
export class LibvirtHypervisor implements HypervisorCore {
  readonly #host: HostConnection;
  readonly #caller: HostCaller;
  readonly #clock: Clock;

  constructor(host: HostConnection, caller: HostCaller, clock: Clock) {
    this.#host = host;
    this.#caller = caller;
    this.#clock = clock;
  }

  get uri(): string {
    return this.#host.uri;
  }

  inspectHost(signal: AbortSignal): Promise<HostView> {
    return this.#caller.ask(signal, readHost);
  }

  surveyHost(signal: AbortSignal): Promise<HostSurvey> {
    return this.#caller.ask(signal, surveyHost);
  }

  listDomains(signal: AbortSignal): Promise<readonly string[]> {
    return this.#caller.ask(signal, async (connection, options) => {
      const domains = await connection.listAllDomains(options);
      return domains.map(({ name }) => name);
    });
  }

  findDomain(nameOrUuid: string, signal: AbortSignal): Promise<DomainView | null> {
    return this.#caller.ask(signal, async (connection, options) => {
      const domain = await lookUpDomain(connection, nameOrUuid, options);
      return domain && nullWithoutDomain(readView(domain, options));
    });
  }

  findStatus(uuid: string, signal: AbortSignal): Promise<DomainStatus | null> {
    return this.#caller.askDomain(uuid, signal, readStatus);
  }

  findState(uuid: string, signal: AbortSignal): Promise<DomainStatus['state'] | null> {
    return this.#caller.askDomain(uuid, signal, async (domain, options) => {
      const { state } = await readState(domain, options);
      return state;
    });
  }

  assessIncoming(request: IncomingRequest, signal: AbortSignal): Promise<IncomingView> {
    return this.#caller.ask(signal, (connection, options) =>
      assessIncoming(connection, request, options),
    );
  }

  domainXml(uuid: string, signal: AbortSignal): Promise<string> {
    return this.#caller.withDomain(uuid, signal, readMigratableXml);
  }

  probeFrom(uri: string, signal: AbortSignal): Promise<Reachability> {
    return this.#caller.ask(signal, (_, options) => probeThrough(this.uri, uri, options.signal));
  }

  judgeMigration(call: MigrateCall, signal: AbortSignal): Promise<Failure | null> {
    return this.#caller.withDomain(call.domainUuid, signal, (domain, options) =>
      judgeMigration(domain, call, options),
    );
  }

  /** Without a bound: it lasts as long as the copy. The client gives it a connection of its own. */
  async migrate(call: MigrateCall, signal: AbortSignal): Promise<void> {
    const request = toPeer2peerRequest(call);
    await this.#caller.workOnDomain(call.domainUuid, signal, (domain, options) =>
      domain.migratePerform3Params(request, options),
    );
  }

  async abortJob(uuid: string, signal: AbortSignal): Promise<'aborted' | 'noJob'> {
    return (await this.#caller.askDomain(uuid, signal, abortJob)) ?? 'noJob';
  }

  setMigrationMaxDowntime(uuid: string, downtimeMs: number, signal: AbortSignal): Promise<void> {
    return this.#caller.withDomain(uuid, signal, (domain, options) =>
      domain.migrateSetMaxDowntime(downtimeMs, options),
    );
  }

  setMigrationBandwidth(uuid: string, mibPerS: number, signal: AbortSignal): Promise<void> {
    return this.#caller.withDomain(uuid, signal, (domain, options) =>
      domain.migrateSetMaxSpeed(mibPerS, options),
    );
  }

  /** QEMU refuses it before it sends memory, which a copy of disks may delay for long. */
  startPostcopy(uuid: string, signal: AbortSignal): Promise<void> {
    return boundedCall({ ...this.#caller.call(signal), timeoutMs: null }, async (bound) => {
      while (await this.#caller.withDomain(uuid, bound, isBeforeMemoryCopy)) {
        await delay(this.#clock, memoryCopyPollMs, bound);
      }
      await this.#caller.withDomain(uuid, bound, (domain, options) =>
        domain.migrateStartPostCopy(options),
      );
    });
  }

  suspend(uuid: string, signal: AbortSignal): Promise<void> {
    return this.#caller.withDomain(uuid, signal, suspend);
  }

  resume(uuid: string, signal: AbortSignal): Promise<void> {
    return this.#caller.withDomain(uuid, signal, resume);
  }

  async destroy(uuid: string, signal: AbortSignal): Promise<void> {
    await this.#caller.askDomain(uuid, signal, destroy);
  }

  persist(uuid: string, signal: AbortSignal): Promise<void> {
    return this.#caller.withDomain(uuid, signal, persist);
  }

  async undefine(uuid: string, signal: AbortSignal): Promise<void> {
    await this.#caller.askDomain(uuid, signal, undefine);
  }

  async forgetHalfMoved(uuid: string, signal: AbortSignal): Promise<void> {
    await this.#caller.askDomain(uuid, signal, forgetHalfMoved);
  }

  claimDomain(uuid: string, claim: Claim, signal: AbortSignal): Promise<readonly StandingClaim[]> {
    return this.#caller.withDomain(uuid, signal, (domain, options) =>
      writeClaim(domain, claim, options),
    );
  }

  async releaseClaim(uuid: string, run: string, signal: AbortSignal): Promise<void> {
    await this.#caller.askDomain(uuid, signal, (domain, options) =>
      removeClaim(domain, run, options),
    );
  }

  async findClaims(uuid: string, signal: AbortSignal): Promise<readonly StandingClaim[]> {
    return (await this.#caller.askDomain(uuid, signal, readClaims)) ?? [];
  }

  findVolume(path: string, signal: AbortSignal): Promise<VolumeView | null> {
    return this.#caller.ask(signal, (connection, options) =>
      readVolumeAt(connection, path, options),
    );
  }

  findDiskUsers(path: string, signal: AbortSignal): Promise<readonly string[]> {
    return this.#caller.ask(signal, async (connection, options) => {
      // Pools have paths of the host's alone.
      const isPath = path.startsWith('/');
      const { volume } = isPath ? await findPlace(connection, path, options) : { volume: null };
      const users = await readDiskUsers(connection, options);
      return users.filter((user) => usesDisk(user, path, volume)).map(({ uuid }) => uuid);
    });
  }

  findDirectoryUsers(directory: string, signal: AbortSignal): Promise<readonly string[]> {
    return this.#caller.ask(signal, async (connection, options) => {
      const users = await readDiskUsers(connection, options);
      return users.filter((user) => usesDirectory(user, directory)).map(({ uuid }) => uuid);
    });
  }

  createVolume(path: string, fileBytes: number, signal: AbortSignal): Promise<void> {
    return this.#caller.ask(signal, (connection, options) =>
      createVolumeAt(connection, path, fileBytes, options),
    );
  }

  readVolume(path: string, signal: AbortSignal): AsyncIterable<Uint8Array> {
    return downloadVolume(this.#host, path, signal);
  }

  writeVolume(
    path: string,
    bytes: AsyncIterable<Uint8Array>,
    fileBytes: number,
    signal: AbortSignal,
  ): Promise<void> {
    return uploadVolume(this.#host, { path, fileBytes }, bytes, signal);
  }

  deleteVolume(path: string, signal: AbortSignal): Promise<void> {
    return this.#caller.ask(signal, (connection, options) =>
      deleteVolumeAt(connection, path, options),
    );
  }

  watchDomain(request: WatchRequest, signal: AbortSignal): Promise<void> {
    return watchDomain(this.#host, this.#clock, request, signal);
  }
}
