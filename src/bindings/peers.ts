import type { DomainOnPeers } from '../../machines/policy/domain-on-host.ts';
import type { PeersView, PeerView } from '../../machines/policy/peers.ts';
import type { Tools } from '../engine/slots.ts';
import { toFailure } from '../ports/failure.ts';
import type { Hypervisors } from '../ports/hypervisor.ts';

/**
 * Asks both hosts what they hold. A host that does not answer is an answer too.
 *
 * The destination comes first: a switchover between the two answers then looks unfinished, and is
 * looked at again; the other way round it would look like two running copies.
 */
export async function inspectPeers(
  hypervisors: Hypervisors,
  { source, destination, domainUuid }: DomainOnPeers,
  { signal, clock }: Tools,
): Promise<PeersView> {
  const ask = async (uri: string): Promise<PeerView> => {
    try {
      const host = await hypervisors.open(uri, signal);
      return { reachable: true, domain: await host.findStatus(domainUuid, signal) };
    } catch (error) {
      signal.throwIfAborted();
      return { reachable: false, message: toFailure(error).message };
    }
  };
  const destinationView = await ask(destination);
  const sourceView = await ask(source);
  return { atEpochMs: clock.nowEpochMs(), source: sourceView, destination: destinationView };
}
