import type { SnapshotUpgrade } from '../engine/slots.ts';

type Fields = Readonly<Record<string, unknown>>;

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Runs of version 2 have claimed nothing, break no claim, and have none to give up in the end. */
const toVersion3: SnapshotUpgrade = (snapshot) => {
  if (!isFields(snapshot) || !isFields(snapshot['context']))
    throw new Error('it is no snapshot of liveMigration: there is no context in it');
  const { context } = snapshot;
  const facts = isFields(context['facts']) ? { ...context['facts'], claims: [] } : null;
  return {
    ...snapshot,
    context: { ...context, facts, breakClaims: [], claim: null, held: false, ending: null },
  };
};

/** Stored snapshots of older versions of the chart, by the version that each makes. */
export const liveMigrationUpgrades: Readonly<Record<string, SnapshotUpgrade>> = { '3': toVersion3 };
