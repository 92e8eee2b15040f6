import { createImageStores } from '../../src/adapters/images/index.ts';
import { bindMigrations } from '../../src/bindings/migrations.ts';
import { bindSnapshots } from '../../src/bindings/snapshots.ts';
import { bindVolumeSwap } from '../../src/bindings/volume-swap.ts';
import type { BoundMachine } from '../../src/engine/slots.ts';
import type { Hypervisors } from '../../src/ports/hypervisor.ts';

/** Every machine that there is. */
export function bindAll(hypervisors: Hypervisors): BoundMachine[] {
  return [
    ...bindMigrations(hypervisors),
    ...bindSnapshots(hypervisors, createImageStores(hypervisors)),
    bindVolumeSwap(hypervisors),
  ];
}
