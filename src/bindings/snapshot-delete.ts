import { snapshotDelete } from '../../machines/index.ts';
import type { BoundMachine, SlotsOf } from '../engine/slots.ts';
import { bind } from '../engine/slots.ts';
import type { Hypervisors } from '../ports/hypervisor.ts';
import { doneAgain } from './done-again.ts';
import { doneOnce } from './done-once.ts';
import { mendSnapshots } from './mend-snapshots.ts';
import { aboutOneHost, frameSlots, watchesDomain } from './one-host.ts';
import {
  beginMerge,
  cancelMerges,
  deleteSnapshot,
  gatherSnapshotDelete,
  mergeOffline,
  pivotMerge,
  removeUnused,
  switchOffline,
} from './snapshot-delete-effects.ts';
import { lookAtMerges } from './snapshot-delete-looks.ts';
import { snapshotDeleteUpgrades } from './snapshot-delete-upgrades.ts';

/** The chart `snapshot-delete` over the ports of a host: snapshots, block jobs and image files. */
export function snapshotDeleteSlots(hypervisors: Hypervisors): SlotsOf<typeof snapshotDelete> {
  return {
    ...frameSlots(hypervisors),
    gatherFacts: doneAgain(hypervisors, gatherSnapshotDelete),
    watchDomain: watchesDomain(hypervisors),
    beginMerge: doneOnce(hypervisors, beginMerge),
    mergeOffline: doneAgain(hypervisors, mergeOffline),
    lookAtMerges: doneAgain(hypervisors, lookAtMerges),
    pivotMerge: doneOnce(hypervisors, pivotMerge),
    switchOffline: doneAgain(hypervisors, switchOffline),
    cancelMerges: doneAgain(hypervisors, cancelMerges),
    deleteSnapshot: doneOnce(hypervisors, deleteSnapshot),
    mendSnapshots: doneAgain(hypervisors, mendSnapshots),
    dropMetadata: doneAgain(hypervisors, deleteSnapshot),
    removeUnused: doneAgain(hypervisors, removeUnused),
  };
}

export function bindSnapshotDelete(hypervisors: Hypervisors): BoundMachine {
  return bind(snapshotDelete, snapshotDeleteSlots(hypervisors), {
    about: aboutOneHost,
    upgrades: snapshotDeleteUpgrades,
  });
}
