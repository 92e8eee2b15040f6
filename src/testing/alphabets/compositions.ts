import { liveMigrationInput } from '../../../machines/index.ts';
import type { LiveMigrationInput } from '../../../machines/index.ts';
import type { liveMigration } from '../../../machines/index.ts';
import type { ConvergencePolicy } from '../../../machines/policy/migration/convergence.ts';
import { patient } from '../../../machines/policy/migration/convergence-presets.ts';
import type { MigrationOptions } from '../../ports/migration.ts';
import type { Alphabet } from '../paths/alphabet.ts';
import { directMigrationAlphabet } from './direct-migration.ts';
import { liveMigrationAlphabet } from './live-migration.ts';
import { offlineMigrationAlphabet } from './offline-migration.ts';
import { peer2peerMigrationAlphabet } from './peer2peer-migration.ts';
import { protocolPolicies } from './protocol.ts';

type Protocol = 'peer2peer' | 'direct';

/** The same ways to bring a migration to its end, as its parent is asked for them. */
const inputsFor = (protocol: Protocol): Record<string, LiveMigrationInput> => {
  const asked = (
    policy: Partial<ConvergencePolicy>,
    options: Partial<MigrationOptions> = {},
    request: Partial<Omit<LiveMigrationInput, 'options'>> = {},
  ): LiveMigrationInput =>
    liveMigrationInput({
      domain: 'guest',
      source: 'simulated:///hostA',
      destination: 'simulated:///hostB',
      protocol,
      peerWaitMs: 120_000,
      convergence: { ...patient, ...policy },
      ...request,
      options: { destinationConnectUri: 'simulated:///hostB', copyStorage: 'all', ...options },
    });
  const { abortsOnBudget, abortsOnStall, forces, postcopyOnBudget, postcopyOnStall } =
    protocolPolicies;
  return {
    [`${protocol} abortsOnBudget`]: asked(abortsOnBudget),
    [`${protocol} abortsOnStall`]: asked(abortsOnStall),
    [`${protocol} forces`]: asked(forces),
    [`${protocol} postcopyOnStall`]: asked(postcopyOnStall, { postcopy: true }),
    [`${protocol} postcopyOnBudget`]: asked(postcopyOnBudget, { postcopy: true }),
    [`${protocol} reportsSplitBrain`]: asked(
      {},
      { copyStorage: 'none', unsafe: true },
      { onSplitBrain: 'report' },
    ),
  };
};

const unbroken = (protocol: string) => ({
  [`migrating.${protocol}: error.actor.${protocol} > needsOperator`]:
    'a bug of the protocol chart itself: no path of the composition breaks it',
});
/** What persons send goes by way of the parent. */
const bySelf = { events: [] };

type Composition = Alphabet<typeof liveMigration>;
const { actors, inputs } = liveMigrationAlphabet;

/** `live-migration` with each protocol as the machine that it is; the other two stand for their ends. */
export const compositions = {
  peer2peer: {
    ...liveMigrationAlphabet,
    inputs: { ...inputs, ...inputsFor('peer2peer') },
    actors: {
      ...actors,
      peer2peerMigration: { child: { ...peer2peerMigrationAlphabet, ...bySelf } },
    },
    except: unbroken('peer2peer'),
  },
  direct: {
    ...liveMigrationAlphabet,
    inputs: { ...inputs, ...inputsFor('direct') },
    actors: { ...actors, directMigration: { child: { ...directMigrationAlphabet, ...bySelf } } },
    except: unbroken('direct'),
  },
  offline: {
    ...liveMigrationAlphabet,
    actors: { ...actors, offlineMigration: { child: { ...offlineMigrationAlphabet, ...bySelf } } },
    except: unbroken('offline'),
  },
} satisfies Record<string, Composition>;
