import { offlineMigration } from '../../machines/index.ts';
import type { BoundMachine, SlotsOf } from '../engine/slots.ts';
import { bind } from '../engine/slots.ts';
import type { Hypervisors } from '../ports/hypervisor.ts';
import { compareCopies, copyDisk, makeVolume } from './copy-disk.ts';
import { doneAgain } from './done-again.ts';
import { doneOnce } from './done-once.ts';
import { effectOnDomain } from './effect-on-domain.ts';
import { linkSlots } from './migration-links.ts';
import { inspectPeers } from './peers.ts';
import { watching } from './protocol-slots.ts';
import { unchanged } from './protocol-upgrades.ts';

/** The chart `offline-migration` over the ports `Hypervisor` and `MigrationLink`. */
export function offlineMigrationSlots(hypervisors: Hypervisors): SlotsOf<typeof offlineMigration> {
  const { begin, confirm, confirmCancelled, finish, holdLink, prepare } = linkSlots(hypervisors);
  return {
    watchSource: watching(hypervisors, 'source'),
    holdLink,
    // A volume that stands there after a crash may be ours or not; the rollback looks who uses it.
    makeVolume: doneOnce(hypervisors, makeVolume),
    // What was written once may be somebody's disk after a crash, and what is read may have changed.
    copyDisk: doneOnce(hypervisors, copyDisk),
    compareCopies: doneAgain(hypervisors, compareCopies),
    forgetHalfMoved: effectOnDomain(hypervisors, (host, uuid, signal) =>
      host.forgetHalfMoved(uuid, signal),
    ),
    inspectPeers: doneAgain(hypervisors, inspectPeers),
    begin,
    prepare,
    finish,
    confirm,
    confirmCancelled,
  };
}

export function bindOfflineMigration(hypervisors: Hypervisors): BoundMachine {
  return bind(offlineMigration, offlineMigrationSlots(hypervisors), {
    upgrades: { '3': unchanged },
  });
}
