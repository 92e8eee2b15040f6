import type { BoundMachine } from '../engine/slots.ts';
import type { Hypervisors } from '../ports/hypervisor.ts';
import type { ImageStores } from '../ports/image-store.ts';
import { bindColdSnapshot } from './cold-snapshot.ts';
import { bindDomainSnapshot } from './domain-snapshot.ts';
import { bindInstanceSnapshot } from './instance-snapshot.ts';
import { bindLiveSnapshot } from './live-snapshot.ts';
import { bindManagedSave } from './managed-save.ts';
import { bindSnapshotDelete } from './snapshot-delete.ts';
import { bindSnapshotRevert } from './snapshot-revert.ts';

/** Every workflow on one host that freezes a guest or its disks, for an engine. */
export function bindSnapshots(hypervisors: Hypervisors, stores: ImageStores): BoundMachine[] {
  return [
    bindColdSnapshot(hypervisors),
    bindDomainSnapshot(hypervisors),
    bindInstanceSnapshot(hypervisors, stores),
    bindLiveSnapshot(hypervisors),
    bindManagedSave(hypervisors),
    bindSnapshotDelete(hypervisors),
    bindSnapshotRevert(hypervisors),
  ];
}
