import type { ProtocolInput, ProtocolOutput } from '../../machines/index.ts';
import type {
  ConvergencePlan,
  ConvergencePolicy,
} from '../../machines/policy/migration/convergence.ts';
import { planConvergence } from '../../machines/policy/migration/convergence.ts';
import { patient } from '../../machines/policy/migration/convergence-presets.ts';
import type { Failure } from '../../src/ports/failure.ts';
import { plainOptions } from '../support/migration-options.ts';
import { domain } from './hosts.ts';
import type { Walk } from './walk.ts';

/** The plan of a policy that says this and nothing else, for a guest of that size. */
export const planned = (change: Partial<ConvergencePolicy>, sizeGib = 1): ConvergencePlan =>
  planConvergence({ ...patient, ...change }, sizeGib);

/** A budget of so long that is answered so. */
export const budgeted = (onBudget: ConvergencePolicy['onBudget'], baseMs = 5_000) => ({
  convergence: planned({ budget: { baseMs, msPerGib: 0 }, onBudget }),
});

export const input: ProtocolInput = {
  source: 'simulated:///hostA',
  destination: 'simulated:///hostB',
  domain,
  call: {
    domainUuid: domain.uuid,
    purpose: 'move',
    options: plainOptions,
    persistent: true,
    copyDisks: [],
  },
  finishLeavesDefinition: false,
  convergence: planned({}),
  postcopyWaitMs: 300_000,
  onSplitBrain: 'suspendSource',
  peerWaitMs: 120_000,
};

export const copyingInput: ProtocolInput = {
  ...input,
  call: { ...input.call, copyDisks: ['vda'] },
};

/** Post-copy was permitted from the start. */
export const postcopyInput: ProtocolInput = {
  ...input,
  call: { ...input.call, options: { ...plainOptions, postcopy: true } },
};

/** The source daemon itself said no. */
export const operationFailed: Failure = {
  code: 'libvirt.9',
  message: 'migration out job: unexpectedly failed',
  effect: 'none',
  libvirt: { code: 9, domain: 10 },
};

/** Nobody knows what became of the call. */
export const connectionLost: Failure = {
  code: 'connectionLost',
  message: 'the connection to hostA was lost',
  effect: 'unknown',
};

/** The call never left this process. */
export const notSent: Failure = {
  code: 'operationInvalid',
  message: 'the migration has not begun on this connection',
  effect: 'none',
};

export const outputOf = (walk: Walk): ProtocolOutput => walk.output() as ProtocolOutput;

/** The phases of a report, each with its evidence. */
export const phasesOf = (walk: Walk): string[] =>
  outputOf(walk).phases.map(({ phase, evidence }) => `${phase} ${evidence}`);

/** How often a slot was started. */
export const countOf = (walk: Walk, src: string): number =>
  walk.started().filter((each) => each === src).length;
