import { migrationOptions } from '../../machines/index.ts';

/** A migration that copies no storage and takes shared disks on trust; each test says what else. */
export const plainOptions = migrationOptions({
  unsafe: true,
  destinationConnectUri: 'simulated:///hostB',
});
