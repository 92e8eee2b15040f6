import { liveMigration, liveMigrationInput } from '../../machines/index.ts';
import type { LiveMigrationInput, LiveMigrationOutput } from '../../machines/index.ts';
import type { MigrationReport } from '../../machines/policy/protocol-report.ts';
import type { DomainStatus } from '../../src/ports/domain.ts';
import type { MigrationFacts } from '../../src/ports/migration.ts';
import { plainOptions } from '../support/migration-options.ts';
import { goodFacts } from './facts.ts';
import { domain, look } from './hosts.ts';
import { operationFailed } from './peer2peer.ts';
import { Walk } from './walk.ts';

export const input: LiveMigrationInput = liveMigrationInput({
  domain: 'guest',
  source: 'simulated:///hostA',
  destination: 'simulated:///hostB',
  options: { ...plainOptions, copyStorage: 'all', unsafe: false },
  peerWaitMs: 120_000,
});
export const report: MigrationReport = {
  failure: null,
  phases: [
    { phase: 'BEGIN3', evidence: 'observed', atEpochMs: 1 },
    { phase: 'PREPARE', evidence: 'observed', atEpochMs: 2 },
  ],
  downtimeMs: 42,
  peers: null,
  volumesMade: null,
  copies: [],
};
export type Options = Partial<LiveMigrationInput['options']>;

export type Request = Partial<Omit<LiveMigrationInput, 'options'>>;

export const start = (options: Options = {}, request: Request = {}): Walk =>
  new Walk(liveMigration, {
    ...input,
    ...request,
    options: { ...input.options, ...options },
  });
export const migrating = (
  options: Options = {},
  facts: MigrationFacts = goodFacts,
  request: Request = {},
): Walk => start(options, request).done('gather', facts);
export const outputOf = (walk: Walk): LiveMigrationOutput => walk.output() as LiveMigrationOutput;
export const statusesOf = (walk: Walk) =>
  outputOf(walk).artefacts.map(({ host, path, status }) => `${host} ${path} ${status}`);

/** What both hosts hold after the guest has moved. */
export const settled = (
  there: Partial<DomainStatus> | null,
  here: Partial<DomainStatus> | null,
) => ({
  ...look('absent', 'running'),
  source: {
    reachable: true,
    domain: here === null ? null : { ...domain, state: 'shutoff', ...here },
  },
  destination: { reachable: true, domain: there === null ? null : { ...domain, ...there } },
});

export const moved = (options: Options = {}, facts: MigrationFacts = goodFacts): Walk =>
  migrating(options, facts).done('peer2peer', { ...report, outcome: 'completed' });
export const rolledBack = (options: Options = {}, facts: MigrationFacts = goodFacts): Walk =>
  migrating(options, facts).done('peer2peer', {
    ...report,
    failure: operationFailed,
    outcome: 'rolledBack',
  });
