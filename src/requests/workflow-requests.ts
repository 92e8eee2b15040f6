import type { FindHost } from './fields.ts';
import { liveMigrationRequest } from './live-migration.ts';
import {
  coldSnapshotRequest,
  domainSnapshotRequest,
  instanceSnapshotRequest,
  liveSnapshotRequest,
  managedSaveRequest,
  snapshotDeleteRequest,
  snapshotRevertRequest,
} from './one-host.ts';
import { volumeSwapRequest } from './volume-swap.ts';

/** By the name of its machine's file: what a request may ask, as the input of the machine. */
export function workflowRequests(find: FindHost) {
  return {
    'live-migration': liveMigrationRequest(find),
    'live-snapshot': liveSnapshotRequest(find),
    'cold-snapshot': coldSnapshotRequest(find),
    'instance-snapshot': instanceSnapshotRequest(find),
    'domain-snapshot': domainSnapshotRequest(find),
    'snapshot-revert': snapshotRevertRequest(find),
    'snapshot-delete': snapshotDeleteRequest(find),
    'managed-save': managedSaveRequest(find),
    'volume-swap': volumeSwapRequest(find),
  };
}

export type WorkflowRequest = keyof ReturnType<typeof workflowRequests>;
