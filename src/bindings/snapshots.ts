import type { BoundMachine } from '../engine/slots.ts';
import type { Hypervisors } from '../ports/hypervisor.ts';
import { bindColdSnapshot } from './cold-snapshot.ts';
import { bindLiveSnapshot } from './live-snapshot.ts';

/** Every workflow on one host that freezes a guest or its disks, for an engine. */
export function bindSnapshots(hypervisors: Hypervisors): BoundMachine[] {
  return [bindColdSnapshot(hypervisors), bindLiveSnapshot(hypervisors)];
}
