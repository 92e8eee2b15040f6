import {
  coldSnapshotInput,
  domainSnapshotInput,
  liveMigrationInput,
  liveSnapshotInput,
  managedSaveInput,
  snapshotDeleteInput,
  snapshotRevertInput,
  volumeSwapInput,
} from '../../machines/index.ts';
import { bindColdSnapshot } from '../../src/bindings/cold-snapshot.ts';
import { bindDomainSnapshot } from '../../src/bindings/domain-snapshot.ts';
import { bindLiveSnapshot } from '../../src/bindings/live-snapshot.ts';
import { bindManagedSave } from '../../src/bindings/managed-save.ts';
import { bindMigrations } from '../../src/bindings/migrations.ts';
import { bindSnapshotDelete } from '../../src/bindings/snapshot-delete.ts';
import { bindSnapshotRevert } from '../../src/bindings/snapshot-revert.ts';
import { bindVolumeSwap } from '../../src/bindings/volume-swap.ts';
import type { BoundMachine } from '../../src/engine/slots.ts';
import type { Hypervisors } from '../../src/ports/hypervisor.ts';
import { imageDirectory } from './play-world.ts';
import type { PlayWorld } from './play-world.ts';
import type { Order } from './script.ts';

/** Every machine that a script can order. */
export const bindAll = (hypervisors: Hypervisors): BoundMachine[] => [
  ...bindMigrations(hypervisors),
  bindColdSnapshot(hypervisors),
  bindDomainSnapshot(hypervisors),
  bindLiveSnapshot(hypervisors),
  bindManagedSave(hypervisors),
  bindSnapshotDelete(hypervisors),
  bindSnapshotRevert(hypervisors),
  bindVolumeSwap(hypervisors),
];

/** The whole input of an order in that world. */
export function inputOf(order: Order, world: PlayWorld): unknown {
  const about = { domain: world.guest.name, host: world.uri('hostA') };
  const image = { directory: imageDirectory, fileName: 'image.qcow2' };
  switch (order.machine) {
    case 'coldSnapshot':
      return coldSnapshotInput({ ...about, ...image, ...order.input });
    case 'domainSnapshot':
      return domainSnapshotInput({ ...about, name: 'one', ...order.input });
    case 'liveSnapshot':
      return liveSnapshotInput({ ...about, ...image, ...order.input });
    case 'managedSave':
      return managedSaveInput({ ...about, ...order.input });
    case 'snapshotDelete':
      return snapshotDeleteInput({ ...about, ...order.input });
    case 'snapshotRevert':
      return snapshotRevertInput({ ...about, name: 'one', ...order.input });
    case 'volumeSwap':
      return volumeSwapInput({ ...about, disks: [], ...order.input });
    case 'liveMigration':
      return migrationInput(order.input, world);
  }
}

function migrationInput(
  { options, ...input }: Extract<Order, { machine: 'liveMigration' }>['input'],
  world: PlayWorld,
): unknown {
  const isDirect = input.protocol === 'direct';
  const destinationConnectUri = isDirect ? null : world.connectUri;
  return liveMigrationInput({
    domain: world.guest.name,
    source: world.uri('hostA'),
    destination: world.uri('hostB'),
    ...input,
    options: { destinationConnectUri, unsafe: true, ...options },
  });
}
