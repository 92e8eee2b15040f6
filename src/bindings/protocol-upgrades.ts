import type { SnapshotUpgrade } from '../engine/slots.ts';

/** The chart decides otherwise in a new version, and keeps no other record. */
export const unchanged: SnapshotUpgrade = (snapshot) => snapshot;
