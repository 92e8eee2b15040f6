import type { DomainOnPeers } from '../../machines/policy/peer2peer-context.ts';
import type { PeersView, PeerView } from '../../machines/policy/peers.ts';
import type { Tools } from '../engine/slots.ts';
import { toFailure } from '../ports/failure.ts';
import type { Hypervisors } from '../ports/hypervisor.ts';

/** Asks both hosts at once what they hold. A host that does not answer is an answer too. */
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
  const [sourceView, destinationView] = await Promise.all([ask(source), ask(destination)]);
  return { atEpochMs: clock.nowEpochMs(), source: sourceView, destination: destinationView };
}
