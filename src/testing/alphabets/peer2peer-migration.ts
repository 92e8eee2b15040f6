import { peer2peerMigration } from '../../../machines/index.ts';
import { alphabetOf } from '../paths/alphabet.ts';
import { commands, protocolActors, protocolInputs, protocolTraits } from './protocol.ts';

/** What a migration that the source daemon drives may meet. */
export const peer2peerMigrationAlphabet = alphabetOf(peer2peerMigration, {
  inputs: protocolInputs,
  actors: { ...protocolActors, performMigration: { done: { moved: { atEpochMs: 9 } } } },
  events: commands,
  traits: protocolTraits,
});
