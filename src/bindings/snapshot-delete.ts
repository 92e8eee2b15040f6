import { snapshotDelete } from '../../machines/index.ts';
import type { BoundMachine, EffectSlot, SlotsOf, Tools } from '../engine/slots.ts';
import { bind } from '../engine/slots.ts';
import type { Hypervisors } from '../ports/hypervisor.ts';
import { doneAgain } from './done-again.ts';
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

/** The chart `snapshot-delete` over the ports of a host: snapshots, block jobs and image files. */
export function snapshotDeleteSlots(hypervisors: Hypervisors): SlotsOf<typeof snapshotDelete> {
  /** What came of it after a crash of ours, a look has to tell. */
  const once = <Input, Output>(
    effect: (hypervisors: Hypervisors, input: Input, tools: Tools) => Promise<Output>,
  ): EffectSlot<Input, Output> => ({
    kind: 'effect',
    recovery: 'unknown',
    run: (input, tools) => effect(hypervisors, input, tools),
  });
  return {
    ...frameSlots(hypervisors),
    gatherFacts: doneAgain(hypervisors, gatherSnapshotDelete),
    watchDomain: watchesDomain(hypervisors),
    beginMerge: once(beginMerge),
    mergeOffline: doneAgain(hypervisors, mergeOffline),
    lookAtMerges: doneAgain(hypervisors, lookAtMerges),
    pivotMerge: once(pivotMerge),
    switchOffline: doneAgain(hypervisors, switchOffline),
    cancelMerges: doneAgain(hypervisors, cancelMerges),
    deleteSnapshot: once(deleteSnapshot),
    mendSnapshots: doneAgain(hypervisors, mendSnapshots),
    dropMetadata: doneAgain(hypervisors, deleteSnapshot),
    removeUnused: doneAgain(hypervisors, removeUnused),
  };
}

export function bindSnapshotDelete(hypervisors: Hypervisors): BoundMachine {
  return bind(snapshotDelete, snapshotDeleteSlots(hypervisors), { about: aboutOneHost });
}
