import { delay } from '../ports/clock.ts';
import { toFailure } from '../ports/failure.ts';
import type { Hypervisor } from '../ports/hypervisor.ts';
import type { DomainObservation } from '../ports/observation.ts';
import type { Places } from './port-eyes.ts';

/** How long a host that cannot be opened is left alone. */
const reopenMs = 1_000;

interface Watching {
  readonly domainUuid: string;
  readonly observe: (host: string, observation: DomainObservation) => void;
  readonly fail: (host: string, message: string) => void;
  readonly signal: AbortSignal;
}

/** Follows the domain on every host until the signal is aborted. Never throws. */
export async function watchHosts(places: Places, watching: Watching): Promise<void> {
  await Promise.all(places.hosts.map((uri) => watchHost(places, uri, watching)));
}

async function watchHost(places: Places, uri: string, watching: Watching): Promise<void> {
  const { domainUuid: uuid, signal } = watching;
  try {
    const host = await openPatiently(places, uri, signal);
    // As a destination: a source's watch would ask for the job's statistics as well.
    const role = 'destination';
    const observe = (observation: DomainObservation): void => watching.observe(uri, observation);
    await host.watchDomain({ uuid, role, observe, progress: () => undefined }, signal);
  } catch (error) {
    if (!signal.aborted) watching.fail(uri, toFailure(error).message);
  }
}

async function openPatiently(
  { hypervisors, clock }: Places,
  uri: string,
  signal: AbortSignal,
): Promise<Hypervisor> {
  for (;;) {
    const host = await hypervisors.open(uri, signal).catch(() => null);
    if (host !== null) return host;
    await delay(clock, reopenMs, signal);
  }
}
