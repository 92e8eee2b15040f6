import type { SnapshotView } from '../../ports/snapshots.ts';

/** Taken of a guest that ran, inside its disk. */
export const internal: SnapshotView = {
  name: 'then',
  parent: null,
  children: [],
  current: true,
  description: null,
  createdAtEpochMs: 1,
  state: 'running',
  memory: { kind: 'internal' },
  disks: [{ targetDev: 'vda', kind: 'internal', overlayPath: null, format: null }],
  frozenPaths: [{ targetDev: 'vda', path: '/images/guest.qcow2' }],
  hasDefinition: true,
  unfinishedDeletion: [],
};
