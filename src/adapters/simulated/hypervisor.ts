import { dirname } from 'node:path/posix';

import type { Claim, StandingClaim } from '../../ports/claim.ts';
import { rivalsOf } from '../../ports/claim.ts';
import type { DomainStatus, DomainView, HostSurvey, HostView } from '../../ports/domain.ts';
import type { Failure } from '../../ports/failure.ts';
import type { HypervisorCore, WatchRequest } from '../../ports/hypervisor.ts';
import type { IncomingView, MigrateCall, Reachability, VolumeView } from '../../ports/migration.ts';
import { assessIncoming } from './assess.ts';
import { invalidArgument } from './begin.ts';
import { dropClaim, putClaim } from './claims.ts';
import { cancelOutgoing, startPostcopy, untilNoJob } from './domain-job.ts';
import { endDomain, forgetIfGone, imagesAreFree, pauseVcpus, runVcpus } from './domain-life.ts';
import { writeDomainXml } from './domain-xml.ts';
import type { HypervisorCall } from './faults.ts';
import { verdictOf } from './judge.ts';
import { libvirtError } from './libvirt-error.ts';
import { migratePeer2Peer } from './peer2peer.ts';
import type { SimulatedCaller } from './simulated-caller.ts';
import { hostOfUri } from './uri.ts';
import { hostView, namesOn, statusOf, surveyOf, viewOf } from './views.ts';
import { lengthOf, rewritten } from './volume-file.ts';
import { carry, createVolume, deleteVolume, requireVolume, volumeAt } from './volumes.ts';
import { watchDomain } from './watch.ts';
import type { Domain, Host, World } from './world.ts';

/** What every workflow asks of one host of a simulated world. */
export class SimulatedHypervisor implements HypervisorCore {
  readonly uri: string;
  readonly #world: World;
  readonly #host: Host;
  readonly #caller: SimulatedCaller;

  constructor(caller: SimulatedCaller) {
    const { host, uri, world } = caller;
    this.uri = uri;
    this.#world = world;
    this.#host = host;
    this.#caller = caller;
  }

  inspectHost(signal: AbortSignal): Promise<HostView> {
    return this.#caller.ask('inspectHost', signal, () => hostView(this.#host));
  }

  surveyHost(signal: AbortSignal): Promise<HostSurvey> {
    return this.#caller.ask('surveyHost', signal, () => surveyOf(this.#host));
  }

  listDomains(signal: AbortSignal): Promise<readonly string[]> {
    return this.#caller.ask('listDomains', signal, () => namesOn(this.#host));
  }

  findDomain(nameOrUuid: string, signal: AbortSignal): Promise<DomainView | null> {
    return this.#caller.ask('findDomain', signal, () => {
      const { domains } = this.#host;
      const byName = [...domains.values()].find(({ name }) => name === nameOrUuid);
      const domain = domains.get(nameOrUuid) ?? byName;
      return domain === undefined ? null : viewOf(this.#host, domain);
    });
  }

  findStatus(uuid: string, signal: AbortSignal): Promise<DomainStatus | null> {
    return this.#caller.ask('findStatus', signal, () => {
      const domain = this.#host.domains.get(uuid);
      return domain === undefined ? null : statusOf(domain);
    });
  }

  async findState(uuid: string, signal: AbortSignal): Promise<DomainStatus['state'] | null> {
    return (await this.findStatus(uuid, signal))?.state ?? null;
  }

  assessIncoming(
    request: Parameters<HypervisorCore['assessIncoming']>[0],
    signal: AbortSignal,
  ): Promise<IncomingView> {
    return this.#caller.ask('assessIncoming', signal, () => assessIncoming(this.#host, request));
  }

  domainXml(uuid: string, signal: AbortSignal): Promise<string> {
    return this.#caller.ask('domainXml', signal, () => writeDomainXml(this.#caller.domain(uuid)));
  }

  probeFrom(uri: string, signal: AbortSignal): Promise<Reachability> {
    return this.#caller.ask('probeFrom', signal, () => {
      const other = hostOfUri(this.#world, uri);
      const { link } = this.#world;
      if (other === null) return { reachable: false, message: `${uri}: no such host` };
      if (!link.carries(this.#host.name, other.name))
        return { reachable: false, message: `${uri}: no route to host` };
      if (!other.daemon.up) return { reachable: false, message: `${uri}: connection refused` };
      return { reachable: true };
    });
  }

  judgeMigration(call: MigrateCall, signal: AbortSignal): Promise<Failure | null> {
    return this.#caller.ask('judgeMigration', signal, () => {
      const { job } = this.#caller.domain(call.domainUuid);
      if (job !== null)
        return { code: 'jobActive', message: 'another job is active', effect: 'none' };
      return verdictOf(this.#host, call);
    });
  }

  migrate(call: MigrateCall, signal: AbortSignal): Promise<void> {
    const { destinationConnectUri } = call.options;
    if (destinationConnectUri === null)
      return Promise.reject(
        invalidArgument('peer-to-peer needs the URI by which the source reaches the destination'),
      );
    const work = async (): Promise<void> => {
      const destination = hostOfUri(this.#world, destinationConnectUri);
      if (destination === null)
        throw libvirtError('systemError', `unable to resolve '${destinationConnectUri}'`);
      const { faults, world } = this.#caller;
      await migratePeer2Peer({ world, faults, source: this.#host, destination, call });
    };
    return this.#caller.ask('migrate', signal, work, 'unknown');
  }

  abortJob(uuid: string, signal: AbortSignal): Promise<'aborted' | 'noJob'> {
    return this.#caller.ask('abortJob', signal, async () => {
      const domain = this.#host.domains.get(uuid);
      if (domain?.job?.direction === 'in') await this.#untilNoJob(domain);
      return domain === undefined ? 'noJob' : cancelOutgoing(domain);
    });
  }

  setMigrationMaxDowntime(uuid: string, downtimeMs: number, signal: AbortSignal): Promise<void> {
    return this.#caller.ask('setMigrationMaxDowntime', signal, () => {
      this.#caller.qemu(uuid).maxDowntimeMs = downtimeMs;
    });
  }

  setMigrationBandwidth(uuid: string, mibPerS: number, signal: AbortSignal): Promise<void> {
    return this.#caller.ask('setMigrationBandwidth', signal, () => {
      const qemu = this.#caller.qemu(uuid);
      qemu.maxSpeedBytesPerS = mibPerS === 0 ? Infinity : mibPerS * 2 ** 20;
      qemu.bandwidthBytesPerS = qemu.maxSpeedBytesPerS;
    });
  }

  startPostcopy(uuid: string, signal: AbortSignal): Promise<void> {
    return this.#caller.ask('startPostcopy', signal, () =>
      startPostcopy(this.#place(this.#caller.domain(uuid)), signal),
    );
  }

  suspend(uuid: string, signal: AbortSignal): Promise<void> {
    return this.#caller.ask('suspend', signal, async () => {
      const domain = this.#caller.domain(uuid);
      if (domain.state === 'paused') return;
      if (domain.job?.direction === 'in') await this.#untilNoJob(domain);
      if (domain.qemu === null) throw libvirtError('operationInvalid', 'domain is not running');
      const reason = domain.job === null ? 'user' : 'migration';
      pauseVcpus(this.#place(domain), reason, domain.job === null ? 'paused' : 'migrated');
    });
  }

  resume(uuid: string, signal: AbortSignal): Promise<void> {
    return this.#caller.ask('resume', signal, async () => {
      const domain = this.#caller.domain(uuid);
      if (domain.state === 'running') return;
      await this.#untilNoJob(domain);
      if (domain.qemu === null) throw libvirtError('operationInvalid', 'domain is not running');
      if (!imagesAreFree(this.#place(domain)))
        throw libvirtError('internalError', 'unable to execute cont: Failed to get "write" lock');
      runVcpus(this.#place(domain), 'unpaused', 'unpaused');
    });
  }

  destroy(uuid: string, signal: AbortSignal): Promise<void> {
    return this.#caller.ask('destroy', signal, () => {
      const domain = this.#host.domains.get(uuid);
      if (domain !== undefined && domain.qemu !== null) endDomain(this.#place(domain), 'destroyed');
    });
  }

  forgetHalfMoved(uuid: string, signal: AbortSignal): Promise<void> {
    return this.#caller.ask('forgetHalfMoved', signal, () => {
      const domain = this.#host.domains.get(uuid);
      if (domain === undefined || domain.qemu !== null || domain.persistent) return;
      domain.job = null;
      forgetIfGone(this.#host, domain);
    });
  }

  persist(uuid: string, signal: AbortSignal): Promise<void> {
    return this.#caller.ask('persist', signal, () => {
      this.#caller.domain(uuid).persistent = true;
    });
  }

  undefine(uuid: string, signal: AbortSignal): Promise<void> {
    return this.#caller.ask('undefine', signal, async () => {
      const domain = this.#host.domains.get(uuid);
      if (domain === undefined || !domain.persistent) return;
      await this.#untilNoJob(domain);
      domain.persistent = false;
      forgetIfGone(this.#host, domain);
    });
  }

  /** Two calls, as over the wire: others may come between. */
  async claimDomain(uuid: string, claim: Claim, signal: AbortSignal) {
    await this.#caller.ask('claimDomain', signal, () =>
      putClaim(this.#place(this.#caller.domain(uuid)), claim),
    );
    return rivalsOf(claim.run, await this.findClaims(uuid, signal));
  }

  releaseClaim(uuid: string, run: string, signal: AbortSignal): Promise<void> {
    return this.#caller.ask('releaseClaim', signal, async () => {
      const domain = this.#host.domains.get(uuid);
      if (domain !== undefined) await dropClaim(this.#place(domain), run);
    });
  }

  findClaims(uuid: string, signal: AbortSignal): Promise<readonly StandingClaim[]> {
    const { domains } = this.#host;
    return this.#caller.ask('findClaims', signal, () => domains.get(uuid)?.definition.claims ?? []);
  }

  findVolume(path: string, signal: AbortSignal): Promise<VolumeView | null> {
    return this.#caller.ask('findVolume', signal, () => volumeAt(this.#host, path));
  }

  findDiskUsers(path: string, signal: AbortSignal): Promise<readonly string[]> {
    return this.#caller.ask('findDiskUsers', signal, () => this.#usersOf((each) => each === path));
  }

  findDirectoryUsers(directory: string, signal: AbortSignal): Promise<readonly string[]> {
    const lies = (path: string): boolean => dirname(path) === directory;
    return this.#caller.ask('findDirectoryUsers', signal, () => this.#usersOf(lies));
  }

  #usersOf(is: (path: string) => boolean): string[] {
    return [...this.#host.domains.values()]
      .filter(({ definition }) => definition.disks.some(({ path }) => is(path)))
      .map(({ uuid }) => uuid);
  }

  createVolume(path: string, fileBytes: number, signal: AbortSignal): Promise<void> {
    return this.#caller.ask('createVolume', signal, () =>
      createVolume(this.#host, path, fileBytes),
    );
  }

  async *readVolume(path: string, signal: AbortSignal): AsyncIterable<Uint8Array> {
    const { content } = await this.#caller.ask('readVolume', signal, () =>
      requireVolume(this.#host, path),
    );
    for (const piece of content) {
      await this.#carry('readVolume', piece.byteLength, signal);
      yield piece;
    }
  }

  async writeVolume(
    path: string,
    bytes: AsyncIterable<Uint8Array>,
    fileBytes: number,
    signal: AbortSignal,
  ): Promise<void> {
    await this.#caller.ask('writeVolume', signal, () => requireVolume(this.#host, path));
    const content: Uint8Array[] = [];
    for await (const piece of bytes) {
      content.push(piece);
      const file = requireVolume(this.#host, path);
      this.#host.files.set(path, rewritten(file, [...content]));
      await this.#carry('writeVolume', piece.byteLength, signal);
    }
    if (lengthOf(content) !== fileBytes)
      throw invalidArgument(
        `${path}: ${lengthOf(content)} bytes came where ${fileBytes} were told`,
      );
  }

  deleteVolume(path: string, signal: AbortSignal): Promise<void> {
    return this.#caller.ask('deleteVolume', signal, () => deleteVolume(this.#host, path));
  }

  watchDomain(request: WatchRequest, signal: AbortSignal): Promise<void> {
    return watchDomain(this.#world, this.#host, request, signal);
  }

  /** One piece of a volume on its way to us or from us. */
  #carry(name: HypervisorCall, byteLength: number, signal: AbortSignal): Promise<void> {
    return this.#caller.ask(name, signal, () => carry(this.#world, this.#host, byteLength));
  }

  #place(domain: Domain) {
    return { world: this.#world, host: this.#host, domain };
  }

  #untilNoJob(domain: Domain): Promise<void> {
    return untilNoJob(this.#world, this.#host, domain);
  }
}
