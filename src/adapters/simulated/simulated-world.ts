import type { Clock } from '../../ports/clock.ts';
import { FailureError } from '../../ports/failure.ts';
import type { Hypervisors } from '../../ports/hypervisor.ts';
import { blockJobsCalls } from './block-jobs-calls.ts';
import { killDaemon, startDaemon } from './daemon.ts';
import { unreachable } from './daemon-call.ts';
import { definitionsCalls } from './definitions-calls.ts';
import { devicesCalls } from './devices-calls.ts';
import { diskSourcesCalls } from './disk-sources-calls.ts';
import type { Fault } from './faults.ts';
import { FaultScript } from './faults.ts';
import { SimulatedCaller } from './simulated-caller.ts';
import { SimulatedHypervisor } from './hypervisor.ts';
import { imagesCalls } from './images-calls.ts';
import type { Cut } from './link.ts';
import { lastTickOn } from './disk-chain.ts';
import { guestAgentCalls } from './guest-agent-calls.ts';
import { guestFateOf, type GuestFate } from './guest-fate.ts';
import type { FileListing, HostListing } from './listing.ts';
import { listFiles, listWorld } from './listing.ts';
import { gapsMs } from './migration-job.ts';
import { SimulatedMigrationLink } from './migration-link.ts';
import { savingCalls } from './saving-calls.ts';
import { snapshotsCalls } from './snapshots-calls.ts';
import type { TickSpan } from './ticks.ts';
import { toTickSpan } from './ticks.ts';
import { hostOfUri } from './uri.ts';
import { fingerprintOf } from './volume-file.ts';
import type { DomainSpec, HostSpec, LinkSpec } from './world-spec.ts';
import type { Host } from './world.ts';
import { World } from './world.ts';

export interface SimulatedWorldOptions {
  /** Whatever is drawn by lot comes from it. */
  readonly seed: number;
  readonly clock: Clock;
  readonly hosts: readonly HostSpec[];
  readonly domains: readonly DomainSpec[];
  readonly link: LinkSpec;
  readonly faults: readonly Fault[];
}

/** A world of hosts in this process: the port on it, and the hand of fate. */
export interface SimulatedWorld extends GuestFate {
  readonly hypervisors: Hypervisors;
  /** @throws Error for a host that the world does not have */
  addDomain(domain: DomainSpec): void;
  cutLink(what?: Cut): void;
  /** We and that host do not hear each other any more; {@link restoreLink} ends it. */
  cutFromClient(host: string): void;
  /** Our process dies: the connections of the migrations that it drives end. */
  dropClient(): void;
  /** TCP resets on memory and copied disks: `untilRestored`, or so that a new stream can follow. */
  breakStreams(how: 'once' | 'untilRestored'): void;
  restoreLink(): void;
  setBandwidth(bytesPerS: number): void;
  killDaemon(host: string): void;
  startDaemon(host: string): void;
  listing(): HostListing[];
  /** The same for the same bytes; `null`: no such file. */
  fingerprint(host: string, path: string): string | null;
  /** Every file that the host sees, on storage of its own or of all, in the order of the paths. */
  files(host: string): FileListing[];
  /**
   * What a guest that boots from that file would count on from: the last tick in its chain, also
   * while a guest writes to it. `null`: none, or no such file.
   */
  lastTickOn(host: string, path: string): number | null;
  /** Where each tick of a guest ran, in the order in which its vCPUs were started. */
  ticks(domainUuid: string): TickSpan[];
}

/** @throws Error for a domain on a host that the world does not have */
export function createSimulatedWorld(options: SimulatedWorldOptions): SimulatedWorld {
  const { clock, seed, link, hosts, domains } = options;
  const world = new World({ clock, seed, link });
  for (const host of hosts) world.addHost(host);
  for (const domain of domains) world.addDomain(domain);
  return {
    hypervisors: hypervisorsOf(world, new FaultScript(world, options.faults)),
    addDomain: (domain) => world.addDomain(domain),
    cutLink: (what = 'all') => world.link.cut(what),
    cutFromClient: (host) => world.link.cutFromClient(host),
    dropClient: () => {
      for (const name of world.hosts.keys()) world.link.resetClient(name);
    },
    breakStreams: (how) => world.link.breakStreams(how),
    restoreLink: () => world.link.restore(),
    setBandwidth: (bytesPerS) => world.link.setBandwidth(bytesPerS),
    killDaemon: (host) => killDaemon(world, world.host(host)),
    startDaemon: (host) => startDaemon(world, world.host(host)),
    ...guestFateOf(world),
    listing: () => listWorld(world),
    fingerprint: (host, path) => {
      const file = world.host(host).files.get(path);
      return file === undefined ? null : fingerprintOf(file);
    },
    files: (host) => listFiles({ world, host: world.host(host) }),
    lastTickOn: (host, path) => lastTickOn({ world, host: world.host(host) }, path),
    ticks: (uuid) =>
      (world.spans.get(uuid) ?? []).map((span) => toTickSpan(span, clock.nowEpochMs())),
  };
}

function hypervisorsOf(world: World, faults: FaultScript): Hypervisors {
  return {
    open: async (uri) => {
      const caller = new SimulatedCaller(world, faults, await reach(world, uri));
      return Object.assign(
        new SimulatedHypervisor(caller),
        imagesCalls(caller),
        blockJobsCalls(caller),
        guestAgentCalls(caller),
        devicesCalls(caller),
        diskSourcesCalls(caller),
        definitionsCalls(caller),
        snapshotsCalls(caller),
        savingCalls(caller),
      );
    },
    async linkMigration(ends) {
      const source = await reach(world, ends.source);
      const destination = await reach(world, ends.destination);
      return new SimulatedMigrationLink(world, faults, { source, destination });
    },
    close: () => Promise.resolve(),
  };
}

/** @throws FailureError invalidUri, hostUnreachable */
async function reach(world: World, uri: string): Promise<Host> {
  const host = hostOfUri(world, uri);
  if (host === null)
    throw new FailureError({
      code: 'hostUnreachable',
      message: `${uri}: the simulated world has no such host`,
      effect: 'none',
    });
  if (!host.daemon.up || !(await isHeard(world, host))) throw unreachable(host);
  return host;
}

async function isHeard(world: World, host: Host): Promise<boolean> {
  const until = (): boolean => world.link.reachesClient(host.name);
  if (until()) return true;
  const atMostMs = gapsMs.peerIsLost;
  return (await world.wait({ until, atMostMs, whileAlive: () => true })) === 'met';
}
