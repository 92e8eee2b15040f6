import type { Clock } from '../ports/clock.ts';
import type { DomainView } from '../ports/domain.ts';
import { FailureError, toFailure } from '../ports/failure.ts';
import type { Hypervisor, Hypervisors } from '../ports/hypervisor.ts';
import type { SeenBeside } from './domain-picture.ts';
import { pictureOfStatus, pictureOfView } from './domain-picture.ts';
import type { Eyes } from './eyes.ts';
import type { HostPicture, SeenHost, WorldPicture } from './picture.ts';
import { isActive, seenHosts } from './picture.ts';

export interface Places {
  readonly hypervisors: Hypervisors;
  /** Connection URIs, as the runs have them. */
  readonly hosts: readonly string[];
  readonly clock: Clock;
  /**
   * A full look asks the agent of a running guest whether its file systems are frozen; libvirt marks a
   * domain of which this was asked as tainted. Without it a guest that was left frozen is not seen.
   */
  readonly asksAgent?: boolean;
}

export interface PictureRequest extends Places {
  /** By name or uuid. */
  readonly domain: string;
  /** Paths to be looked at beside those of the domain's own disks. */
  readonly paths?: readonly string[];
  /** Domains of others, by uuid, beside those that use one of the paths. */
  readonly others?: readonly string[];
}

/** What is looked at on every host. */
interface Scope {
  readonly asksAgent: boolean;
  readonly domainUuid: string;
  readonly paths: readonly string[];
  readonly others: readonly string[];
}

/**
 * The world before a run: the domain, the volumes at its disks' paths, and whoever else uses these.
 * Reads only; to know a volume its pool is refreshed.
 *
 * @throws FailureError noDomain: no host that answers knows it
 */
export async function takePicture(
  request: PictureRequest,
  signal: AbortSignal,
): Promise<WorldPicture> {
  const { asksAgent = false, domain, paths = [], others = [] } = request;
  const found = await onEach(request, signal, (host) => host.findDomain(domain, signal));
  const views = found.flatMap(({ answer }) => answer ?? []);
  const [first] = views;
  if (first === undefined) {
    const message = `no host that answers knows ${domain}`;
    throw new FailureError({ code: 'noDomain', message, effect: 'none' });
  }
  const own = views.flatMap(pathsOf);
  const scope = {
    asksAgent,
    domainUuid: first.uuid,
    paths: [...new Set([...own, ...paths])],
    others,
  };
  return lookAt(request, scope, signal);
}

/** Eyes that see what the ports show, of all that stands in a picture taken before. */
export function portEyes(places: Places, before: WorldPicture): Eyes {
  const { domainUuid } = before;
  const seen = seenHosts(before);
  const domains = seen.flatMap((host) => host.domains);
  const scope: Scope = {
    asksAgent: places.asksAgent ?? false,
    domainUuid,
    paths: unique([
      ...seen.flatMap(({ volumes }) => volumes),
      ...domains
        .filter(({ uuid }) => uuid === domainUuid)
        .flatMap(
          ({ details }) => details?.definition.disks.flatMap(({ path }) => path ?? []) ?? [],
        ),
    ]),
    others: unique(domains.map(({ uuid }) => uuid).filter((uuid) => uuid !== domainUuid)),
  };
  return {
    glance: (signal) => glanceAt(places, domainUuid, signal),
    look: (signal) => lookAt(places, scope, signal),
  };
}

async function glanceAt(
  places: Places,
  domainUuid: string,
  signal: AbortSignal,
): Promise<WorldPicture> {
  const seen = await onEach(places, signal, (host) => host.findStatus(domainUuid, signal));
  const hosts = seen.map(({ uri, answer, message }): HostPicture => {
    if (message !== null) return { uri, reachable: false, message };
    const domains = answer === null ? [] : [pictureOfStatus(answer)];
    return { uri, reachable: true, domains, volumes: [] };
  });
  return { atEpochMs: places.clock.nowEpochMs(), domainUuid, hosts };
}

async function lookAt(places: Places, scope: Scope, signal: AbortSignal): Promise<WorldPicture> {
  const seen = await onEach(places, signal, (host) => lookAtHost(host, scope, signal));
  const hosts = seen.map(({ uri, answer, message }): HostPicture =>
    answer === null
      ? { uri, reachable: false, message: message ?? 'nothing was answered' }
      : { uri, reachable: true, ...answer },
  );
  return { atEpochMs: places.clock.nowEpochMs(), domainUuid: scope.domainUuid, hosts };
}

async function lookAtHost(
  host: Hypervisor,
  scope: Scope,
  signal: AbortSignal,
): Promise<Pick<SeenHost, 'domains' | 'volumes'>> {
  const own = await host.findDomain(scope.domainUuid, signal);
  const { paths } = scope;
  const [volumes, users] = await Promise.all([
    Promise.all(paths.map((path) => host.findVolume(path, signal))),
    Promise.all(paths.map((path) => host.findDiskUsers(path, signal))),
  ]);
  const others = unique([...scope.others, ...users.flat()]).filter(
    (uuid) => uuid !== scope.domainUuid,
  );
  const views = await Promise.all(others.map((uuid) => host.findDomain(uuid, signal)));
  const domains = await Promise.all(
    [own, ...views]
      .filter((view) => view !== null)
      .map(async (view) => pictureOfView(view, await lookBeside(host, view, scope, signal))),
  );
  return { domains, volumes: volumes.flatMap((volume) => volume?.path ?? []) };
}

/** Of domains of others their claims alone are looked at. */
async function lookBeside(
  host: Hypervisor,
  { state, uuid }: DomainView,
  { asksAgent, domainUuid }: Scope,
  signal: AbortSignal,
): Promise<SeenBeside> {
  const claims = (await host.findClaims(uuid, signal)).map(({ run }) => run);
  if (uuid !== domainUuid || !isActive({ state })) return { claims, devices: null, frozen: null };
  const status =
    asksAgent && state === 'running' ? await host.freezeStatus(uuid, agentWaitMs, signal) : null;
  const frozen = status === 'frozen' || (status === 'thawed' ? false : null);
  return { claims, devices: await host.findDevices(uuid, signal), frozen };
}

/** One that is well answers at once. */
const agentWaitMs = 5_000;

interface Answer<T> {
  readonly uri: string;
  readonly answer: T | null;
  /** Why there is none. */
  readonly message: string | null;
}

/** Asks all hosts at once; one that fails is a finding, not an error. */
function onEach<T>(
  { hypervisors, hosts }: Places,
  signal: AbortSignal,
  ask: (host: Hypervisor) => Promise<T>,
): Promise<Answer<T>[]> {
  return Promise.all(
    hosts.map(async (uri) => {
      try {
        const answer = await ask(await hypervisors.open(uri, signal));
        return { uri, answer, message: null };
      } catch (error) {
        return { uri, answer: null, message: toFailure(error).message };
      }
    }),
  );
}

function pathsOf({ disks }: DomainView): string[] {
  return disks.flatMap(({ path }) => path ?? []);
}

function unique(values: readonly string[]): string[] {
  return [...new Set(values)];
}
