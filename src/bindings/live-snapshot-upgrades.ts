import { neverUndefined } from '../../machines/policy/one-host/undefined-meanwhile.ts';
import type { SnapshotUpgrade } from '../engine/slots.ts';

/** Runs of version 1 left every definition where it was. */
const toVersion2: SnapshotUpgrade = (snapshot) => {
  const { context }: { readonly context?: unknown } = Object(snapshot);
  if (typeof context !== 'object' || context === null)
    throw new Error('it is no snapshot of liveSnapshot: there is no context in it');
  return { ...Object(snapshot), context: { ...context, ...neverUndefined } };
};

/** Stored snapshots of older versions of the chart, by the version that each makes. */
export const liveSnapshotUpgrades: Readonly<Record<string, SnapshotUpgrade>> = { '2': toVersion2 };
