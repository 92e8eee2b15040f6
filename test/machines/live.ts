import { expect } from 'vitest';

import { liveMigration, liveMigrationInput } from '../../machines/index.ts';
import type { LiveMigrationInput, LiveMigrationOutput } from '../../machines/index.ts';
import type { MigrationReport } from '../../machines/policy/migration/protocol-report.ts';
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
/** Facts against which nothing speaks, or something does. */
export const checked = (
  options: Options = {},
  facts: MigrationFacts = goodFacts,
  request: Request = {},
): Walk => start(options, request).done('gather', facts);
export const claim = { run: 'run-1', engine: 'hostC:77', sinceEpochMs: 900 };
/** The domain is claimed where nothing speaks against it. */
export const migrating = (...given: Parameters<typeof checked>): Walk => {
  const walk = checked(...given);
  return walk.isIn('claiming') ? walk.done('claim', { claim, others: [] }) : walk;
};
/** Both hosts are asked to give the claim up, and do. */
export const released = (walk: Walk): Walk =>
  walk.isIn('releasing')
    ? walk.done('release', { released: [input.source, input.destination] })
    : walk;
export const outputOf = (walk: Walk): LiveMigrationOutput =>
  released(walk).output() as LiveMigrationOutput;
const artefactsOf = (walk: Walk, wanted: 'volume' | 'claim') =>
  outputOf(walk).artefacts.filter(({ kind }) => kind === wanted);
export const statusesOf = (walk: Walk) =>
  artefactsOf(walk, 'volume').map(({ host, path, status }) => `${host} ${path} ${status}`);
export const claimsOf = (walk: Walk) =>
  artefactsOf(walk, 'claim').map(({ host, status }) => `${host} ${status}`);
/** The same with more words behind it: what becomes of the claim. */
export const saying = <F extends { readonly message: string }>(failure: F) => ({
  ...failure,
  message: expect.stringContaining(failure.message),
});

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
