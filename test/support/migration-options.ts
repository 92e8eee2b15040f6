import type { MigrationOptions } from '../../src/ports/migration.ts';

/** A migration that copies no storage; each test says what it wants otherwise. */
export const plainOptions: MigrationOptions = {
  copyStorage: 'none',
  copyDisks: [],
  bandwidthMibPerS: 0,
  maxDowntimeMs: null,
  autoConverge: false,
  parallelConnections: 1,
  compression: [],
  unsafe: true,
  persistence: 'asBefore',
  keepSource: false,
  destinationName: null,
  destinationXml: null,
  destinationConnectUri: 'simulated:///hostB',
  migrationUri: null,
};
