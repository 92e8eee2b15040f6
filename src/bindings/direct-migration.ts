import { directMigration } from '../../machines/index.ts';
import type { DomainOnPeers } from '../../machines/policy/domain-on-host.ts';
import { isHalfLeft } from '../../machines/policy/peers.ts';
import type { BoundMachine, EffectSlot, SlotsOf } from '../engine/slots.ts';
import { bind } from '../engine/slots.ts';
import type { Hypervisors } from '../ports/hypervisor.ts';
import { linkSlots } from './migration-links.ts';
import { inspectPeers } from './peers.ts';
import { protocolSlots } from './protocol-slots.ts';
import { unchanged } from './protocol-upgrades.ts';

/** The chart `direct-migration` over the ports `Hypervisor` and `MigrationLink`. */
export function directMigrationSlots(hypervisors: Hypervisors): SlotsOf<typeof directMigration> {
  return {
    ...protocolSlots(hypervisors),
    ...linkSlots(hypervisors),
    destroyHalf: destroyHalf(hypervisors),
  };
}

/**
 * Ends the half that a post-copy left on the source, while the destination shows all of the guest:
 * both are looked at once more, for nothing brings it back.
 */
function destroyHalf(hypervisors: Hypervisors): EffectSlot<DomainOnPeers, void> {
  return {
    kind: 'effect',
    recovery: 'unknown',
    run: async (peers, tools) => {
      if (!isHalfLeft(await inspectPeers(hypervisors, peers, tools))) return;
      const source = await hypervisors.open(peers.source, tools.signal);
      await source.destroy(peers.domainUuid, tools.signal);
    },
  };
}

export function bindDirectMigration(hypervisors: Hypervisors): BoundMachine {
  return bind(directMigration, directMigrationSlots(hypervisors), { upgrades: { '2': unchanged } });
}
