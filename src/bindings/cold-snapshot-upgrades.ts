import type { SnapshotUpgrade } from '../engine/slots.ts';

type Fields = Readonly<Record<string, unknown>>;

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * Version 2 asks again within the look: one that is under way is its first question. Nothing measures
 * how long that one is silent; the next look is measured again.
 */
const toVersion2: SnapshotUpgrade = (snapshot) => {
  if (!isFields(snapshot)) throw new Error('it is no snapshot of coldSnapshot');
  const { value } = snapshot;
  const working = isFields(value) ? value['working'] : null;
  if (!isFields(working)) return snapshot;
  const [region] = ['saving', 'returning'].filter((name) => working[name] === 'looking');
  if (region === undefined) return snapshot;
  return { ...snapshot, value: { working: { [region]: { looking: 'asking' } } } };
};

/** Stored snapshots of older versions of the chart, by the version that each makes. */
export const coldSnapshotUpgrades: Readonly<Record<string, SnapshotUpgrade>> = { '2': toVersion2 };
