import type { DomainOnHost } from '../../machines/policy/domain-on-host.ts';
import type { EffectSlot, RecoveryClass } from '../engine/slots.ts';
import type { DomainStatus } from '../ports/domain.ts';
import type { Hypervisor, Hypervisors } from '../ports/hypervisor.ts';

type Act = (host: Hypervisor, domainUuid: string, signal: AbortSignal) => Promise<void>;

/** One thing done to one domain on one host; the port looks before it acts, so it may run twice. */
export function effectOnDomain(
  hypervisors: Hypervisors,
  act: Act,
  recovery: RecoveryClass = 'rerun',
): EffectSlot<DomainOnHost, void> {
  return {
    kind: 'effect',
    recovery,
    run: async ({ host, domainUuid }, { signal }) =>
      act(await hypervisors.open(host, signal), domainUuid, signal),
  };
}

/**
 * One thing that only a look at both hosts allowed, and that nothing brings back. After a crash that
 * look is stale, so it is never done again without a new one; and a domain that is not any more what
 * it was then is left alone: the chart's next look tells why.
 */
export function effectOnlyWhile<Input extends DomainOnHost>(
  allows: (status: DomainStatus, input: Input) => boolean,
  hypervisors: Hypervisors,
  act: Act,
): EffectSlot<Input, void> {
  return {
    kind: 'effect',
    recovery: 'unknown',
    run: async (input, { signal }) => {
      const host = await hypervisors.open(input.host, signal);
      const status = await host.findStatus(input.domainUuid, signal);
      if (status !== null && allows(status, input)) await act(host, input.domainUuid, signal);
    },
  };
}
