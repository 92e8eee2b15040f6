import { toFailure } from '../../ports/failure.ts';
import type { Hypervisors } from '../../ports/hypervisor.ts';
import type { Holdings, HostHolding } from '../display/summary.ts';
import type { Ends } from '../records/sealed.ts';
import type { AskedMigration } from './asked.ts';

/** A host that hangs must not hold the words that are known already. */
const lookTimeoutMs = 5_000;

/**
 * What both hosts hold after the run. Where the uuid is known the cheap look is taken: a domain whose
 * post-copy is broken would hold up any other.
 *
 * @param reach how the hosts are reached, where that is not to be shown
 */
export async function lookAtBoth(
  hypervisors: Hypervisors,
  { source, destination, domain, options }: AskedMigration,
  { uuid, reach }: { readonly uuid: string | null; readonly reach: Ends },
): Promise<Holdings> {
  const look = async (uri: string, name: string): Promise<HostHolding> => {
    const signal = AbortSignal.timeout(lookTimeoutMs);
    try {
      const host = await hypervisors.open(uri, signal);
      const found = uuid === null ? host.findDomain(name, signal) : host.findStatus(uuid, signal);
      return { known: true, domain: await found };
    } catch (error) {
      return { known: false, message: toFailure(error).message };
    }
  };
  const [here, there] = await Promise.all([
    look(reach.source, domain),
    look(reach.destination, options.destinationName ?? domain),
  ]);
  return { source: { uri: source, holds: here }, destination: { uri: destination, holds: there } };
}
