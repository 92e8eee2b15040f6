import type { DomainStatus, DomainView, HostSurvey, HostView } from '../../ports/domain.ts';
import type { Failure, FailureEffect } from '../../ports/failure.ts';
import type { Hypervisor, WatchRequest } from '../../ports/hypervisor.ts';
import type { IncomingView, MigrateCall, Reachability } from '../../ports/migration.ts';
import { assessIncoming } from './assess.ts';
import { beginMigration, judge, noDomain, untilNoJob } from './begin.ts';
import { callDaemon } from './daemon-call.ts';
import { endDomain, forgetIfGone, imagesAreFree, pauseVcpus, runVcpus } from './domain-life.ts';
import { writeDomainXml } from './domain-xml.ts';
import type { FaultScript, HypervisorCall } from './faults.ts';
import { libvirtError } from './libvirt-error.ts';
import { hostOfUri } from './uri.ts';
import { hostView, statusOf, surveyOf, viewOf } from './views.ts';
import { watchDomain } from './watch.ts';
import type { Domain, Host, World } from './world.ts';
import { poolOf } from './world.ts';

/** The port on one host of a simulated world. */
export class SimulatedHypervisor implements Hypervisor {
  readonly uri: string;
  readonly #world: World;
  readonly #faults: FaultScript;
  readonly #host: Host;

  constructor(world: World, faults: FaultScript, host: Host) {
    this.uri = `simulated:///${host.name}`;
    this.#world = world;
    this.#faults = faults;
    this.#host = host;
  }

  inspectHost(signal: AbortSignal): Promise<HostView> {
    return this.#ask('inspectHost', signal, () => hostView(this.#host));
  }

  surveyHost(signal: AbortSignal): Promise<HostSurvey> {
    return this.#ask('surveyHost', signal, () => surveyOf(this.#host));
  }

  findDomain(nameOrUuid: string, signal: AbortSignal): Promise<DomainView | null> {
    return this.#ask('findDomain', signal, () => {
      const { domains } = this.#host;
      const byName = [...domains.values()].find(({ name }) => name === nameOrUuid);
      const domain = domains.get(nameOrUuid) ?? byName;
      return domain === undefined ? null : viewOf(domain);
    });
  }

  findStatus(uuid: string, signal: AbortSignal): Promise<DomainStatus | null> {
    return this.#ask('findStatus', signal, () => {
      const domain = this.#host.domains.get(uuid);
      return domain === undefined ? null : statusOf(domain);
    });
  }

  assessIncoming(
    request: Parameters<Hypervisor['assessIncoming']>[0],
    signal: AbortSignal,
  ): Promise<IncomingView> {
    return this.#ask('assessIncoming', signal, () => assessIncoming(this.#host, request));
  }

  domainXml(uuid: string, signal: AbortSignal): Promise<string> {
    return this.#ask('domainXml', signal, () => writeDomainXml(this.#domain(uuid)));
  }

  probeFrom(uri: string, signal: AbortSignal): Promise<Reachability> {
    return this.#ask('probeFrom', signal, () => {
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
    return this.#ask('judgeMigration', signal, () => {
      const { job } = this.#domain(call.domainUuid);
      if (job !== null)
        return { code: 'jobActive', message: 'another job is active', effect: 'none' };
      return judge({ source: this.#host, call })?.failure ?? null;
    });
  }

  migrate(call: MigrateCall, signal: AbortSignal): Promise<void> {
    const request = { world: this.#world, faults: this.#faults, source: this.#host, call };
    return this.#ask('migrate', signal, () => beginMigration(request), 'unknown');
  }

  abortJob(uuid: string, signal: AbortSignal): Promise<'aborted' | 'noJob'> {
    return this.#ask('abortJob', signal, async () => {
      const domain = this.#host.domains.get(uuid);
      if (domain?.job?.direction === 'in') await this.#untilNoJob(domain);
      if (domain === undefined || domain.job === null) return 'noJob';
      domain.job.abortRequested = true;
      domain.qemu?.stream?.cancel();
      return 'aborted';
    });
  }

  setMigrationMaxDowntime(uuid: string, downtimeMs: number, signal: AbortSignal): Promise<void> {
    return this.#ask('setMigrationMaxDowntime', signal, () => {
      const { qemu } = this.#domain(uuid);
      if (qemu === null) throw libvirtError('operationInvalid', 'domain is not running');
      qemu.maxDowntimeMs = downtimeMs;
    });
  }

  suspend(uuid: string, signal: AbortSignal): Promise<void> {
    return this.#ask('suspend', signal, async () => {
      const domain = this.#domain(uuid);
      if (domain.state === 'paused') return;
      if (domain.job?.direction === 'in') await this.#untilNoJob(domain);
      if (domain.qemu === null) throw libvirtError('operationInvalid', 'domain is not running');
      const reason = domain.job === null ? 'user' : 'migration';
      pauseVcpus(this.#place(domain), reason, domain.job === null ? 'paused' : 'migrated');
    });
  }

  resume(uuid: string, signal: AbortSignal): Promise<void> {
    return this.#ask('resume', signal, async () => {
      const domain = this.#domain(uuid);
      if (domain.state === 'running') return;
      await this.#untilNoJob(domain);
      if (domain.qemu === null) throw libvirtError('operationInvalid', 'domain is not running');
      if (!imagesAreFree(this.#place(domain)))
        throw libvirtError('internalError', 'unable to execute cont: Failed to get "write" lock');
      runVcpus(this.#place(domain), 'unpaused', 'unpaused');
    });
  }

  destroy(uuid: string, signal: AbortSignal): Promise<void> {
    return this.#ask('destroy', signal, () => {
      const domain = this.#host.domains.get(uuid);
      if (domain !== undefined && domain.qemu !== null) endDomain(this.#place(domain), 'destroyed');
    });
  }

  persist(uuid: string, signal: AbortSignal): Promise<void> {
    return this.#ask('persist', signal, () => {
      this.#domain(uuid).persistent = true;
    });
  }

  undefine(uuid: string, signal: AbortSignal): Promise<void> {
    return this.#ask('undefine', signal, async () => {
      const domain = this.#host.domains.get(uuid);
      if (domain === undefined || !domain.persistent) return;
      await this.#untilNoJob(domain);
      domain.persistent = false;
      forgetIfGone(this.#host, domain);
    });
  }

  findVolume(path: string, signal: AbortSignal): Promise<{ capacityBytes: number } | null> {
    return this.#ask('findVolume', signal, () => {
      const file = poolOf(this.#host, path) && this.#host.files.get(path);
      return file === undefined ? null : { capacityBytes: file.capacityBytes };
    });
  }

  findDiskUsers(path: string, signal: AbortSignal): Promise<readonly string[]> {
    return this.#ask('findDiskUsers', signal, () =>
      [...this.#host.domains.values()]
        .filter(({ definition }) => definition.disks.some((disk) => disk.path === path))
        .map(({ uuid }) => uuid),
    );
  }

  deleteVolume(path: string, signal: AbortSignal): Promise<void> {
    return this.#ask('deleteVolume', signal, () => {
      if (poolOf(this.#host, path) !== undefined) this.#host.files.delete(path);
    });
  }

  watchDomain(request: WatchRequest, signal: AbortSignal): Promise<void> {
    return watchDomain(this.#world, this.#host, request, signal);
  }

  #ask<T>(
    name: HypervisorCall,
    signal: AbortSignal,
    work: () => T | Promise<T>,
    effectOfErrorReply: FailureEffect = 'none',
  ): Promise<Awaited<T>> {
    const call = { world: this.#world, faults: this.#faults, host: this.#host };
    return callDaemon({ ...call, name, signal, effectOfErrorReply }, work);
  }

  #domain(uuid: string): Domain {
    const domain = this.#host.domains.get(uuid);
    if (domain === undefined) throw noDomain(uuid);
    return domain;
  }

  #place(domain: Domain) {
    return { world: this.#world, host: this.#host, domain };
  }

  #untilNoJob(domain: Domain): Promise<void> {
    return untilNoJob(this.#world, this.#host, domain);
  }
}
