import { toFailure } from '../../ports/failure.ts';
import type { Hypervisors } from '../../ports/hypervisor.ts';
import type { HostHolding } from '../display/holdings.ts';
import type { Holding, Place } from './shown-workflow.ts';

/** A host that hangs must not hold the words that are known already. */
const lookTimeoutMs = 5_000;

export interface Sought {
  readonly place: Place;
  /** How the host is reached. */
  readonly uri: string;
  /** Name or uuid of the domain there. */
  readonly domain: string;
}

/**
 * What hosts hold of a domain. Where the uuid is known the cheap look is taken: a domain whose post-copy
 * is broken would hold up any other.
 */
export function lookAtPlaces(
  hypervisors: Hypervisors,
  sought: readonly Sought[],
  uuid: string | null,
): Promise<readonly Holding[]> {
  const look = async ({ uri, domain }: Sought): Promise<HostHolding> => {
    const signal = AbortSignal.timeout(lookTimeoutMs);
    try {
      const host = await hypervisors.open(uri, signal);
      const found = uuid === null ? host.findDomain(domain, signal) : host.findStatus(uuid, signal);
      return { known: true, domain: await found };
    } catch (error) {
      return { known: false, message: toFailure(error).message };
    }
  };
  return Promise.all(sought.map(async (one) => ({ place: one.place, holds: await look(one) })));
}
