import type { SnapshotUpgrade } from '../engine/slots.ts';

type Fields = Readonly<Record<string, unknown>>;

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The state under `keys`; `null`: it is in another one. */
function under(value: unknown, keys: readonly string[]): unknown {
  return keys.reduce<unknown>((found, key) => (isFields(found) ? found[key] : null), value);
}

/** Version 2 tells whether the guest stands while its memory is written: by the stop that was noted. */
const toVersion2: SnapshotUpgrade = (snapshot) => {
  if (!isFields(snapshot)) throw new Error('it is no snapshot of domainSnapshot');
  const { context, value } = snapshot;
  if (under(value, ['working', 'creating', 'withMemory']) !== 'writing') return snapshot;
  const since = isFields(context) ? context['pausedSinceEpochMs'] : null;
  const writing = typeof since === 'number' ? 'paused' : 'running';
  return { ...snapshot, value: { working: { creating: { withMemory: { writing } } } } };
};

/** Stored snapshots of older versions of the chart, by the version that each makes. */
export const domainSnapshotUpgrades: Readonly<Record<string, SnapshotUpgrade>> = {
  '2': toVersion2,
};
