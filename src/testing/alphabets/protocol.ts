import type { ProtocolInput } from '../../../machines/index.ts';
import { migrationOptions } from '../../../machines/index.ts';
import type { MigrationCommand, MigrationEvent } from '../../../machines/migration-events.ts';
import { patient } from '../../../machines/policy/migration/convergence-presets.ts';
import type { ConvergencePolicy } from '../../../machines/policy/migration/convergence.ts';
import type { ProtocolContext } from '../../../machines/policy/migration/protocol-context.ts';
import {
  canBeCalledOff,
  isPerforming,
} from '../../../machines/policy/migration/protocol-context.ts';
import { planConvergence } from '../../../machines/policy/migration/convergence.ts';
import { done } from './one-host.ts';
import { domain, looks } from './peers.ts';

const options = migrationOptions({ unsafe: true, destinationConnectUri: 'simulated:///hostB' });
const planned = (policy: Partial<ConvergencePolicy>) => ({
  convergence: planConvergence({ ...patient, ...policy }, 1),
});
const budget = { baseMs: 5_000, msPerGib: 0 };

const plain: ProtocolInput = {
  source: 'simulated:///hostA',
  destination: 'simulated:///hostB',
  domain,
  call: {
    domainUuid: domain.uuid,
    purpose: 'move',
    options,
    persistent: true,
    copyDisks: ['vda'],
  },
  finishLeavesDefinition: false,
  ...planned({}),
  postcopyWaitMs: 300_000,
  onSplitBrain: 'suspendSource',
  peerWaitMs: 120_000,
};
const postcopy = {
  ...plain,
  call: { ...plain.call, options: { ...options, postcopy: true } },
};

/** Few, and between them everything by which a migration is brought to its end. */
export const protocolPolicies = {
  abortsOnBudget: {
    downtime: { startMs: 50, limitMs: 150, steps: 2, stepMsPerGib: 1_000 },
    stallPasses: 1,
    onStall: 'raiseDowntime',
    budget,
    onBudget: 'abort',
  },
  abortsOnStall: { stallPasses: 1, onStall: 'abort' },
  forces: { stallPasses: 1, onStall: 'forceComplete', budget, onBudget: 'forceComplete' },
  postcopyOnStall: { stallPasses: 1, onStall: 'postcopy', budget, onBudget: 'abort' },
  postcopyOnBudget: { postcopyAfterPasses: 1, budget, onBudget: 'postcopy' },
} satisfies Record<string, Partial<ConvergencePolicy>>;

export const protocolInputs = {
  plain,
  abortsOnBudget: { ...plain, ...planned(protocolPolicies.abortsOnBudget) },
  abortsOnStall: { ...plain, ...planned(protocolPolicies.abortsOnStall) },
  forces: { ...plain, ...planned(protocolPolicies.forces) },
  postcopyOnStall: { ...postcopy, ...planned(protocolPolicies.postcopyOnStall) },
  postcopyOnBudget: { ...postcopy, ...planned(protocolPolicies.postcopyOnBudget) },
  /** Of a guest without disks that are copied. */
  reportsSplitBrain: {
    ...plain,
    call: { ...plain.call, copyDisks: [] },
    onSplitBrain: 'report',
  },
} satisfies Record<string, ProtocolInput>;

const at = { atEpochMs: 1 };

/** Of the source, in the order in which a migration shows them. */
const fromSource: MigrationEvent[] = [
  { type: 'source.job.started', ...at },
  { type: 'source.mirror.created', ...at },
  { type: 'source.migration.setup', ...at },
  { type: 'source.iteration', iteration: 2, remainingBytes: 1_000, ...at },
  { type: 'source.iteration', iteration: 3, remainingBytes: 1_000, ...at },
  { type: 'source.migration.pre-switchover', ...at },
  { type: 'source.domain.suspended', detail: 'migrated', ...at },
  { type: 'source.migration.completed', ...at },
  { type: 'source.domain.stopped', detail: 'migrated', ...at },
  { type: 'source.migration.postcopy-active', ...at },
  { type: 'source.domain.suspended', detail: 'postcopyFailed', ...at },
  { type: 'source.domain.resumed', detail: 'unpaused', ...at },
  { type: 'source.connection.lost', ...at },
];
const fromDestination: MigrationEvent[] = [
  { type: 'destination.domain.preparing', ...at },
  { type: 'destination.domain.resumed', detail: 'migrated', ...at },
  { type: 'destination.domain.resumed', detail: 'postcopy', ...at },
];

const taken = <What extends string>(what: What, value: number) => ({
  done: { taken: { what, value } },
});

/** What every protocol asks of the hosts, whoever drives it. */
export const protocolActors = {
  followMigration: { done: { ended: at } },
  inspectPeers: { done: looks },
  abortJob: done,
  setMaxDowntime: taken('downtimeMs', 50),
  setBandwidth: taken('mibPerS', 10),
  startPostcopy: done,
  suspendSource: done,
  resumeSource: done,
  destroyIncoming: done,
  destroySource: done,
  watchSource: { sends: fromSource },
  watchDestination: { sends: fromDestination },
} as const;

export const commands: MigrationCommand[] = [
  { type: 'abort.requested' },
  { type: 'bandwidth.set', mibPerS: 10 },
  { type: 'downtime.set', downtimeMs: 50 },
  { type: 'postcopy.start' },
  { type: 'force.complete' },
  { type: 'postcopy.recover' },
  { type: 'postcopy.giveUp' },
];

/** A stall is told by two passes; what is asked for matters by what is under way then. */
export const protocolTraits = (context: ProtocolContext): string[] => {
  const performing = `${isPerforming(context) ? 'while' : 'unless'} performing`;
  const mayStill = canBeCalledOff(context) ? 'may be called off' : 'past that';
  return [
    `passes ${context.passes.completed}`,
    `${context.convergence.onBudget} ${performing}`,
    `${context.failure === null ? 'well' : 'failed'} ${performing}, ${mayStill}`,
  ];
};
