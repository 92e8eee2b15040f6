import { notAstray } from '../../machines/policy/snapshot-delete/snapshot-delete.ts';
import type { SnapshotUpgrade } from '../engine/slots.ts';
import { unchanged } from './protocol-upgrades.ts';

/** Runs of version 1 took every guest for what its daemon said of it. */
const toVersion2: SnapshotUpgrade = (snapshot) => {
  const { context }: { readonly context?: unknown } = Object(snapshot);
  if (typeof context !== 'object' || context === null)
    throw new Error('it is no snapshot of snapshotDelete: there is no context in it');
  return { ...Object(snapshot), context: { ...context, ...notAstray } };
};

/** Stored snapshots of older versions of the chart, by the version that each makes. */
export const snapshotDeleteUpgrades: Readonly<Record<string, SnapshotUpgrade>> = {
  '2': toVersion2,
  // It asks again where it asked once: only what it does next is another.
  '3': unchanged,
};
