import { peer2peerMigration } from '../../machines/index.ts';
import type { BoundMachine, SlotsOf } from '../engine/slots.ts';
import { bind } from '../engine/slots.ts';
import type { Hypervisors } from '../ports/hypervisor.ts';
import { performMigration } from './perform-migration.ts';
import { protocolSlots } from './protocol-slots.ts';
import { unchanged } from './protocol-upgrades.ts';

/** The chart `peer2peer-migration` over the port `Hypervisor`. */
export function peer2peerMigrationSlots(
  hypervisors: Hypervisors,
): SlotsOf<typeof peer2peerMigration> {
  return {
    ...protocolSlots(hypervisors),
    performMigration: performMigration(hypervisors),
  };
}

export function bindPeer2peerMigration(hypervisors: Hypervisors): BoundMachine {
  return bind(peer2peerMigration, peer2peerMigrationSlots(hypervisors), {
    upgrades: { '3': unchanged },
  });
}
