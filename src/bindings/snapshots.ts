import type { BoundMachine } from '../engine/slots.ts';
import type { Hypervisors } from '../ports/hypervisor.ts';

/** Every workflow on one host that freezes a guest or its disks, for an engine. */
export function bindSnapshots(_hypervisors: Hypervisors): BoundMachine[] {
  return [];
}
