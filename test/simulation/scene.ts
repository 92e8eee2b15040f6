import { onTestFinished } from 'vitest';
import type {
  DomainSpec,
  Fault,
  HostSpec,
  LinkSpec,
  SimulatedWorld,
} from '../../src/adapters/simulated/index.ts';
import { createSimulatedWorld, VirtualClock } from '../../src/adapters/simulated/index.ts';
import { delay } from '../../src/ports/clock.ts';
import type { DomainStatus } from '../../src/ports/domain.ts';
import { toFailure } from '../../src/ports/failure.ts';
import type { Failure } from '../../src/ports/failure.ts';
import type { Hypervisor } from '../../src/ports/hypervisor.ts';
import type { MigrateCall, MigrationOptions } from '../../src/ports/migration.ts';
import { expectBroken, monitorSimulated } from '../support/invariants.ts';
import { plainOptions } from '../support/migration-options.ts';

export const mib = 2 ** 20;
export const unending = new AbortController().signal;

const pools = [{ name: 'images', targetPath: '/images', capacityBytes: 2 ** 33 }];
const disk = { targetDev: 'vda', capacityBytes: 64 * mib };

export const sharedGuest: DomainSpec = {
  name: 'guest',
  host: 'hostA',
  memoryBytes: 256 * mib,
  disks: [{ ...disk, path: '/shared/guest.img', storage: 'shared' }],
};
export const privateGuest: DomainSpec = {
  ...sharedGuest,
  disks: [{ ...disk, path: '/images/guest.img', storage: 'private' }],
};

export interface SceneOptions {
  readonly seed?: number;
  readonly guest?: DomainSpec;
  readonly faults?: readonly Fault[];
  readonly link?: LinkSpec;
  readonly source?: Partial<HostSpec>;
  readonly destination?: Partial<HostSpec>;
  /** Rules of the invariant monitor that the scene breaks; all others hold until its test ends. */
  readonly breaks?: readonly string[];
}

/** Two hosts, one guest, and a record of all that both hosts told of it. */
export class Scene {
  readonly clock = new VirtualClock({ startEpochMs: 0, pace: 'asFastAsPossible' });
  readonly world: SimulatedWorld;
  /** `src 2 state running booted`: who, when, what. */
  readonly record: string[] = [];
  readonly uuid: string;
  readonly #persistent: boolean;

  constructor(options: SceneOptions = {}) {
    const guest = options.guest ?? sharedGuest;
    this.world = createSimulatedWorld({
      seed: options.seed ?? 1,
      clock: this.clock,
      hosts: [
        { name: 'hostA', pools, ...options.source },
        { name: 'hostB', pools, ...options.destination },
      ],
      domains: [guest],
      link: options.link ?? { bandwidthBytesPerS: 64 * mib },
      faults: options.faults ?? [],
    });
    this.uuid = this.world.listing()[0]?.domains[0]?.uuid ?? '';
    this.#persistent = guest.persistent ?? true;
    const monitor = monitorSimulated(this, this.uuid);
    onTestFinished(async () => {
      expectBroken(await this.clock.run(monitor.settle()), options.breaks ?? []);
    });
  }

  host(name: 'hostA' | 'hostB'): Promise<Hypervisor> {
    return this.world.hypervisors.open(`simulated:///${name}`, unending);
  }

  run<T>(work: () => Promise<T>): Promise<T> {
    return this.clock.run(work());
  }

  pass(delayMs: number): Promise<void> {
    return this.clock.run(delay(this.clock, delayMs, unending));
  }

  /** Migrates the guest. @returns the failure, `null` for none */
  async migrate(options: Partial<MigrationOptions> = {}): Promise<Failure | null> {
    const source = await this.host('hostA');
    return source.migrate(this.callFor(options), unending).then(
      () => null,
      (error: unknown) => toFailure(error),
    );
  }

  callFor(
    options: Partial<MigrationOptions> = {},
    purpose: MigrateCall['purpose'] = 'move',
  ): MigrateCall {
    return {
      domainUuid: this.uuid,
      purpose,
      persistent: this.#persistent,
      copyDisks: (options.copyStorage ?? 'none') === 'none' ? [] : ['vda'],
      options: { ...plainOptions, ...options },
    };
  }

  /** {@link migrate} with both hosts watched into {@link record}. */
  async migrateWatched(options: Partial<MigrationOptions> = {}): Promise<Failure | null> {
    const stop = new AbortController();
    const watches = [
      this.#watch(await this.host('hostA'), 'source', stop.signal),
      this.#watch(await this.host('hostB'), 'destination', stop.signal),
    ];
    const failure = await this.migrate(options);
    stop.abort();
    await Promise.all(watches);
    return failure;
  }

  /** What each daemon says of the guest, and whether its vCPUs really run; `null`: not there. */
  where(host: 'hostA' | 'hostB'): string | null {
    const listed = this.world.listing().find(({ name }) => name === host);
    const domain = listed?.domains.find(({ uuid }) => uuid === this.uuid);
    return domain === undefined ? null : describeStatus(domain);
  }

  /** Where vCPUs run now. */
  get running(): string[] {
    return this.world
      .listing()
      .filter(({ domains }) => domains.some(({ vcpus }) => vcpus === 'running'))
      .map(({ name }) => name);
  }

  #watch(host: Hypervisor, role: 'source' | 'destination', signal: AbortSignal): Promise<void> {
    const request = {
      uuid: this.uuid,
      role,
      observe: (observation: object) =>
        void this.record.push(`${role} ${Object.values(observation).join(' ')}`),
      progress: (streams: readonly object[]) =>
        void this.record.push(`${role} ${JSON.stringify(streams)}`),
    };
    return host.watchDomain(request, signal);
  }
}

function describeStatus({ state, reason, persistent, job }: DomainStatus): string {
  const kept = persistent ? 'persistent' : 'transient';
  return [state, reason, kept, ...(job === null ? [] : [job.operation])].join(' ');
}
