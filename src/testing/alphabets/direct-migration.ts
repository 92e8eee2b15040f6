import { directMigration } from '../../../machines/index.ts';
import { alphabetOf } from '../paths/alphabet.ts';
import { commands, protocolActors, protocolInputs, protocolTraits } from './protocol.ts';

const at = { atEpochMs: 9 };
const phase = { done: { done: at } };
const finish = {
  done: { guest: { holds: 'guest', ...at }, nothing: { holds: 'nothing', ...at } },
} as const;

/** What a migration that we drive may meet. */
export const directMigrationAlphabet = alphabetOf(directMigration, {
  inputs: protocolInputs,
  actors: {
    ...protocolActors,
    holdLink: {
      sends: [
        { type: 'link.opened', ...at },
        { type: 'link.source.lost', ...at },
        { type: 'link.destination.lost', ...at },
      ],
    },
    begin: phase,
    prepare: phase,
    perform: phase,
    finish,
    finishCancelled: finish,
    confirm: phase,
    confirmCancelled: phase,
    destroyHalf: { done: { done: undefined } },
  },
  events: commands,
  traits: protocolTraits,
});
