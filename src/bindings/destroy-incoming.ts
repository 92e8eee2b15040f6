import type { DomainOnHost } from '../../machines/policy/domain-on-host.ts';
import { isIncoming } from '../../machines/policy/peers.ts';
import type { EffectSlot } from '../engine/slots.ts';
import type { Hypervisors } from '../ports/hypervisor.ts';
import { effectOnlyWhile } from './effect-on-domain.ts';

/** Ends a QEMU that waits for a guest, and nothing else: what runs there by now is left alone. */
export function destroyIncoming(hypervisors: Hypervisors): EffectSlot<DomainOnHost, void> {
  return effectOnlyWhile(isIncoming, hypervisors, (host, uuid, signal) =>
    host.destroy(uuid, signal),
  );
}
