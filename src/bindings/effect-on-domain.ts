import type { DomainOnHost } from '../../machines/policy/domain-on-host.ts';
import type { EffectSlot } from '../engine/slots.ts';
import type { Hypervisor, Hypervisors } from '../ports/hypervisor.ts';

/** One thing done to one domain on one host; the port looks before it acts, so it may run twice. */
export function effectOnDomain(
  hypervisors: Hypervisors,
  act: (host: Hypervisor, domainUuid: string, signal: AbortSignal) => Promise<void>,
): EffectSlot<DomainOnHost, void> {
  return {
    kind: 'effect',
    recovery: 'rerun',
    run: async ({ host, domainUuid }, { signal }) =>
      act(await hypervisors.open(host, signal), domainUuid, signal),
  };
}
