import type { Clock } from '../../ports/clock.ts';
import { FailureError } from '../../ports/failure.ts';
import type { Hypervisor, Hypervisors } from '../../ports/hypervisor.ts';
import { blockJobsCalls } from './block-jobs-calls.ts';
import { killDaemon, startDaemon } from './daemon.ts';
import { unreachable } from './daemon-call.ts';
import { configuredDefinition } from './configured-disks.ts';
import { definitionsCalls } from './definitions-calls.ts';
import { devicesCalls } from './devices-calls.ts';
import { diskSourcesCalls } from './disk-sources-calls.ts';
import type { ClientIncident, Fault, StatePlace } from './faults.ts';
import { FaultScript } from './fault-script.ts';
import { killHost, startHost } from './host-power.ts';
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
  /** What befalls our own process or clock: of faults that do so, and of no others. */
  readonly onClientIncident?: (incident: ClientIncident) => void;
}

/** A world of hosts in this process: the port on it, and the hand of fate. */
export interface NextDisk {
  readonly targetDev: string;
  readonly path: string;
}

export interface SimulatedWorld extends GuestFate {
  readonly hypervisors: Hypervisors;
  /**
   * Takes the place of all faults that still wait; times count from here.
   *
   * @throws FaultError that names what the world does not have
   */
  setFaults(faults: readonly Fault[]): void;
  /** Those that have struck since they were set, in order. */
  faultsStruck(): readonly Fault[];
  /** For faults that are aimed at a state: a chart that works on that domain has entered it. */
  enterState(place: StatePlace, domain: string): void;
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
  /** Its power is cut, and its guests are gone. */
  killHost(host: string): void;
  startHost(host: string): void;
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
  /** Do we and the host of that URI hear each other? */
  isHeard(uri: string): boolean;
  /** A QEMU of that guest's is there, whatever the daemon knows. @throws Error for no such host */
  hasQemu(host: string, domainUuid: string): boolean;
  /** The disks that the next start takes, by what is configured; none where nobody knows the domain. */
  nextDisks(host: string, domainUuid: string): readonly NextDisk[];
  /** The hosts on which its vCPUs run now. */
  runningOn(domainUuid: string): string[];
  /** It was ended by nobody's order: from inside, by the death of its QEMU or of its host. */
  isFated(domainUuid: string): boolean;
  /** Where each tick of a guest ran, in the order in which its vCPUs were started. */
  ticks(domainUuid: string): TickSpan[];
}

/** @throws Error for a domain on a host that the world does not have */
export function createSimulatedWorld(options: SimulatedWorldOptions): SimulatedWorld {
  const { clock, seed, link, hosts, domains } = options;
  const world = new World({ clock, seed, link });
  for (const host of hosts) world.addHost(host);
  for (const domain of domains) world.addDomain(domain);
  const faults = new FaultScript(world, options.onClientIncident ?? null);
  faults.set(options.faults);
  return {
    hypervisors: hypervisorsOf(world, faults),
    setFaults: (given) => faults.set(given),
    faultsStruck: () => faults.struck,
    enterState: (place, domain) => faults.enterState(place, domain),
    addDomain: (domain) => world.addDomain(domain),
    cutLink: (what = 'all') => world.link.cut(what),
    cutFromClient: (host) => world.link.cutFromClient(host),
    dropClient: () => {
      for (const name of world.hosts.keys()) world.link.resetClient(name);
    },
    breakStreams: (how) => world.link.breakStreams(how),
    restoreLink: () => world.link.restore(),
    setBandwidth: (bytesPerS) => world.link.setBandwidth(bytesPerS),
    killHost: (host) => killHost(world, world.host(host)),
    startHost: (host) => startHost(world, world.host(host)),
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
    isHeard: (uri) => {
      const host = hostOfUri(world, uri);
      return host !== null && world.link.reachesClient(host.name);
    },
    hasQemu: (host, uuid) => hasQemu(world, world.host(host), uuid),
    nextDisks: (host, uuid) => {
      const domain = world.host(host).domains.get(uuid);
      return domain === undefined ? [] : configuredDefinition(domain).disks;
    },
    runningOn: (uuid) => runningOn(world, uuid),
    isFated: (uuid) => world.fated.has(uuid),
    ticks: (uuid) =>
      (world.spans.get(uuid) ?? []).map((span) => toTickSpan(span, clock.nowEpochMs())),
  };
}

function hasQemu({ lostGuests }: World, host: Host, uuid: string): boolean {
  const lost = lostGuests.filter((guest) => guest.host === host && guest.uuid === uuid);
  return [host.domains.get(uuid)?.qemu, ...lost.map(({ qemu }) => qemu)].some(
    (qemu) => qemu?.alive === true,
  );
}

function runningOn(world: World, uuid: string): string[] {
  const running: string[] = [];
  for (const { domains, name } of world.hosts.values())
    if (domains.get(uuid)?.qemu?.vcpus === 'running') running.push(name);
  for (const lost of world.lostGuests)
    if (lost.uuid === uuid && lost.qemu.vcpus === 'running') running.push(lost.host.name);
  return running;
}

function hypervisorsOf(world: World, faults: FaultScript): Hypervisors {
  // A connection has nothing of its own: one for each host serves all.
  const opened = new Map<Host, Hypervisor>();
  return {
    open: async (uri) => {
      const host = await reach(world, uri);
      const known = opened.get(host) ?? hypervisorOf(new SimulatedCaller(world, faults, host));
      opened.set(host, known);
      return known;
    },
    async linkMigration(ends) {
      const source = await reach(world, ends.source);
      const destination = await reach(world, ends.destination);
      return new SimulatedMigrationLink(world, faults, { source, destination });
    },
    close: () => Promise.resolve(),
  };
}

function hypervisorOf(caller: SimulatedCaller): Hypervisor {
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
}

/** @throws FailureError invalidUri, hostUnreachable */
async function reach(world: World, uri: string): Promise<Host> {
  const host = hostOfUri(world, uri);
  if (host === null)
    throw new FailureError({
      code: 'hostUnreachable',
      message: `${uri}: the simulated world has no such host; there is ${[...world.hosts.keys()].join(', ')}`,
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
