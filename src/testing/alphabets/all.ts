import type { AnyStateMachine } from 'xstate';

import type { Alphabet } from '../paths/alphabet.ts';
import { PathError } from '../paths/path-error.ts';
import { coldSnapshotAlphabet } from './cold-snapshot.ts';
import { directMigrationAlphabet } from './direct-migration.ts';
import { domainSnapshotAlphabet } from './domain-snapshot.ts';
import { instanceSnapshotAlphabet } from './instance-snapshot.ts';
import { liveMigrationAlphabet } from './live-migration.ts';
import { liveSnapshotAlphabet } from './live-snapshot.ts';
import { managedSaveAlphabet } from './managed-save.ts';
import { offlineMigrationAlphabet } from './offline-migration.ts';
import { peer2peerMigrationAlphabet } from './peer2peer-migration.ts';
import { snapshotDeleteAlphabet } from './snapshot-delete.ts';
import { snapshotRevertAlphabet } from './snapshot-revert.ts';
import { volumeSwapAlphabet } from './volume-swap.ts';

/** Of the machines of this package, by id. */
export const alphabets = {
  coldSnapshot: coldSnapshotAlphabet,
  directMigration: directMigrationAlphabet,
  domainSnapshot: domainSnapshotAlphabet,
  instanceSnapshot: instanceSnapshotAlphabet,
  liveMigration: liveMigrationAlphabet,
  liveSnapshot: liveSnapshotAlphabet,
  managedSave: managedSaveAlphabet,
  offlineMigration: offlineMigrationAlphabet,
  peer2peerMigration: peer2peerMigrationAlphabet,
  snapshotDelete: snapshotDeleteAlphabet,
  snapshotRevert: snapshotRevertAlphabet,
  volumeSwap: volumeSwapAlphabet,
} as const;

/** @throws {PathError} for a machine that is not of this package */
export function alphabetFor<Machine extends AnyStateMachine>(machine: Machine): Alphabet<Machine>;
export function alphabetFor({ id }: AnyStateMachine): Alphabet {
  const known: Readonly<Record<string, Alphabet>> = alphabets;
  const alphabet = known[id];
  if (alphabet === undefined)
    throw new PathError('noAlphabet', `${id} is no machine of this package: give its alphabet`);
  return alphabet;
}
