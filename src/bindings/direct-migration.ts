import { directMigration } from '../../machines/index.ts';
import type { BoundMachine, SlotsOf } from '../engine/slots.ts';
import { bind } from '../engine/slots.ts';
import type { Hypervisors } from '../ports/hypervisor.ts';
import { linkSlots } from './migration-links.ts';
import { protocolSlots } from './protocol-slots.ts';
import { unchanged } from './protocol-upgrades.ts';

/** The chart `direct-migration` over the ports `Hypervisor` and `MigrationLink`. */
export function directMigrationSlots(hypervisors: Hypervisors): SlotsOf<typeof directMigration> {
  return { ...protocolSlots(hypervisors), ...linkSlots(hypervisors) };
}

export function bindDirectMigration(hypervisors: Hypervisors): BoundMachine {
  return bind(directMigration, directMigrationSlots(hypervisors), { upgrades: { '2': unchanged } });
}
