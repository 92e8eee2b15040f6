import { managedPath } from '../adapters/simulated/index.ts';
import type { HostListing, SimulatedWorld, TickSpan } from '../adapters/simulated/index.ts';
import type { Clock } from '../ports/clock.ts';
import { pictureOfView } from './domain-picture.ts';
import type { Eyes } from './eyes.ts';
import type { TickRun } from './history.ts';
import type { HostPicture, WorldPicture } from './picture.ts';

/** A simulated world as it is, vCPUs included: whoever looks disturbs no fault and costs no time. */
export function pictureSimulated(
  world: SimulatedWorld,
  clock: Clock,
  domainUuid: string,
): WorldPicture {
  return { atEpochMs: clock.nowEpochMs(), domainUuid, hosts: world.listing().map(pictureOfHost) };
}

export function simulatedEyes(world: SimulatedWorld, clock: Clock, domainUuid: string): Eyes {
  const look = (): Promise<WorldPicture> =>
    Promise.resolve(pictureSimulated(world, clock, domainUuid));
  return { glance: look, look };
}

/** The ticks of each copy of a guest, in the order in which their vCPUs were started. */
export function simulatedTicks(world: SimulatedWorld, domainUuid: string): readonly TickRun[] {
  return world
    .ticks(domainUuid)
    .map(({ firstTick, lastTick }: TickSpan) => ({ firstTick, lastTick }));
}

/** A daemon that is down may believe what is no longer true. */
function pictureOfHost({ name, daemon, domains, volumes }: HostListing): HostPicture {
  const uri = `simulated:///${name}`;
  // Told as such, with its domain.
  const saved = new Set(domains.map(managedPath));
  if (daemon === 'down') return { uri, reachable: false, message: 'its daemon is down' };
  return {
    uri,
    reachable: true,
    domains: domains.map((domain) => ({
      ...pictureOfView(domain, {
        claims: domain.claims,
        devices: domain.vcpus === 'none' ? null : domain.devices,
        frozen: domain.frozen,
      }),
      vcpus: domain.vcpus,
    })),
    volumes: volumes.map(({ path }) => path).filter((path) => !saved.has(path)),
  };
}
