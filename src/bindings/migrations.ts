import type { BoundMachine } from '../engine/slots.ts';
import type { Hypervisors } from '../ports/hypervisor.ts';
import { bindDirectMigration } from './direct-migration.ts';
import { bindLiveMigration } from './live-migration.ts';
import { bindOfflineMigration } from './offline-migration.ts';
import { bindPeer2peerMigration } from './peer2peer-migration.ts';

/** `live-migration` with every protocol that it may choose, for an engine. */
export function bindMigrations(hypervisors: Hypervisors): BoundMachine[] {
  return [
    bindLiveMigration(hypervisors),
    bindPeer2peerMigration(hypervisors),
    bindDirectMigration(hypervisors),
    bindOfflineMigration(hypervisors),
  ];
}
