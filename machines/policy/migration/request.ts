import type { MigrationOptions } from '../../../src/ports/migration.ts';
import { patient } from './convergence-presets.ts';
import type { ConvergencePolicy } from './convergence.ts';

/** What is asked of the chart `live-migration`. */
export interface LiveMigrationInput {
  /** Name or uuid of the domain. */
  readonly domain: string;
  /** Connection URIs by which *we* reach the daemons. */
  readonly source: string;
  readonly destination: string;
  /** Who drives: the source daemon, or we, phase by phase. */
  readonly protocol: 'peer2peer' | 'direct';
  /** Moves the definition of a domain that is shut off, with its disks where they are to be copied. */
  readonly offline: boolean;
  readonly options: MigrationOptions;
  readonly convergence: ConvergencePolicy;
  /** How long a broken post-copy is tried again before an operator is called. */
  readonly postcopyWaitMs: number;
  readonly onSplitBrain: 'suspendSource' | 'report';
  readonly peerWaitMs: number;
  /** Runs whose claims on the domain are taken over, because nothing works on it for them any more. */
  readonly breakClaims: readonly string[];
}

/** A migration that asks for nothing special: no storage copy, no limits, persistence as before. */
const defaultOptions: Omit<MigrationOptions, 'destinationConnectUri'> = {
  tunnelled: false,
  relayUri: null,
  copyStorage: 'none',
  copyDisks: [],
  spaceWanted: 'virtualSize',
  bandwidthMibPerS: 0,
  autoConverge: false,
  autoConvergeInitial: null,
  autoConvergeIncrement: null,
  postcopy: false,
  postcopyBandwidthMibPerS: 0,
  parallelConnections: 1,
  zerocopy: false,
  tls: false,
  tlsDestination: null,
  compression: [],
  unsafe: false,
  persistence: 'asBefore',
  keepSource: false,
  sourceDisk: 'keep',
  destinationName: null,
  destinationXml: null,
  migrationUri: null,
  listenAddress: null,
  disksUri: null,
  disksPort: null,
};

const defaultInput: Omit<LiveMigrationInput, 'domain' | 'source' | 'destination' | 'options'> = {
  protocol: 'peer2peer',
  offline: false,
  convergence: patient,
  onSplitBrain: 'suspendSource',
  peerWaitMs: 60_000,
  postcopyWaitMs: 300_000,
  breakClaims: [],
};

type GivenOptions = Partial<MigrationOptions> & Pick<MigrationOptions, 'destinationConnectUri'>;
type GivenInput = Pick<LiveMigrationInput, 'domain' | 'source' | 'destination'> &
  Partial<typeof defaultInput> & { readonly options: GivenOptions };

export function migrationOptions(given: GivenOptions): MigrationOptions {
  return { ...defaultOptions, ...given };
}

/**
 * The input of the chart `live-migration`, with its defaults: the source daemon drives, no time
 * budget, the older copy is suspended where two run, a host that does not answer is waited for one
 * minute, a broken post-copy is tried again for five.
 */
export function liveMigrationInput(given: GivenInput): LiveMigrationInput {
  return { ...defaultInput, ...given, options: migrationOptions(given.options) };
}
