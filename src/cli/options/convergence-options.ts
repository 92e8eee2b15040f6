import { z } from 'zod';

import type {
  ConvergenceAction,
  ConvergencePolicy,
} from '../../../machines/policy/migration/convergence.ts';
import type { ConvergencePreset } from '../../../machines/policy/migration/convergence-presets.ts';
import { patient } from '../../../machines/policy/migration/convergence-presets.ts';
import {
  downtimeMsMax,
  downtimeRamp,
  flag,
  oneOf,
  passesMax,
  postcopyStart,
  timeoutPerGibSMax,
  timeoutSMax,
  wholeNumber,
} from './option-values.ts';
import { UsageError } from './usage-error.ts';

const actionsByWord = {
  abort: 'abort',
  'force-complete': 'forceComplete',
  'post-copy': 'postcopy',
} as const satisfies Readonly<Record<string, ConvergenceAction>>;

/** The options that say how a migration comes to its end. */
export const convergenceOptions = {
  maxDowntime: wholeNumber(1, downtimeMsMax, 'ms').optional(),
  downtimeRamp: downtimeRamp.optional(),
  timeout: wholeNumber(1, timeoutSMax, 's').optional(),
  timeoutPerGib: wholeNumber(1, timeoutPerGibSMax, 's').optional(),
  onTimeout: oneOf(['abort', 'force-complete', 'post-copy']).optional(),
  stallPasses: wholeNumber(1, passesMax, 'passes').optional(),
  onStall: oneOf(['abort', 'force-complete', 'post-copy', 'raise-downtime']).optional(),
  postcopy: flag,
  postcopyStart: postcopyStart.optional(),
};

const shape = z.object(convergenceOptions);
export type ConvergenceOptions = z.infer<typeof shape>;

/** QEMU's passes differ by chance: fewer than three tell nothing. */
const stallPassesOtherwise = 3;

/**
 * The policy of the run: the preset's, with each value that was typed in its place.
 *
 * @throws UsageError where two options contradict each other
 */
export function readConvergence(
  typed: ConvergenceOptions,
  preset: ConvergencePreset | null,
): ConvergencePolicy {
  refuseContradictions(typed);
  const base = preset?.convergence ?? patient;
  const policy: ConvergencePolicy = {
    downtime: downtimeOf(typed) ?? base.downtime,
    budget: budgetOf(typed) ?? base.budget,
    onBudget: onBudgetOf(typed, base),
    stallPasses: typed.stallPasses ?? base.stallPasses,
    onStall: onStallOf(typed, base),
    postcopyAfterPasses: base.postcopyAfterPasses,
  };
  const started = withPostcopyStart(policy, typed);
  const isStallAsked = typed.onStall !== undefined || typed.postcopyStart?.by === 'stall';
  if (typed.stallPasses !== undefined && started.onStall === 'none')
    throw new UsageError('--stall-passes tells when, not what to do then: give --on-stall too');
  return isStallAsked && started.stallPasses === null
    ? { ...started, stallPasses: stallPassesOtherwise }
    : started;
}

function refuseContradictions(typed: ConvergenceOptions): void {
  const { maxDowntime, downtimeRamp: ramp, postcopyStart: start, onTimeout, onStall } = typed;
  if (maxDowntime !== undefined && ramp !== undefined)
    throw new UsageError('--max-downtime and --downtime-ramp exclude each other: give one');
  if (start !== undefined && !typed.postcopy)
    throw new UsageError('--postcopy-start says when post-copy begins: give --postcopy too');
  const rivals: readonly (readonly [boolean, string, string])[] = [
    [start?.by === 'budget' && isOther(onTimeout), 'budget', `--on-timeout ${onTimeout}`],
    [start?.by === 'stall' && isOther(onStall), 'stall', `--on-stall ${onStall}`],
    [start?.by === 'hand' && onTimeout === 'post-copy', 'hand', '--on-timeout post-copy'],
    [start?.by === 'hand' && onStall === 'post-copy', 'hand', '--on-stall post-copy'],
  ];
  for (const [contradict, rule, other] of rivals)
    if (contradict)
      throw new UsageError(
        `--postcopy-start ${rule} and ${other} contradict each other: leave one of them out`,
      );
}

function isOther(action: string | undefined): boolean {
  return action !== undefined && action !== 'post-copy';
}

function downtimeOf({ maxDowntime, downtimeRamp: ramp }: ConvergenceOptions) {
  if (maxDowntime === undefined) return ramp;
  return { startMs: maxDowntime, limitMs: maxDowntime, steps: 0, stepMsPerGib: 0 };
}

/** Either option replaces the preset's budget as a whole: `--timeout 90` means 90 s. */
function budgetOf({ timeout, timeoutPerGib }: ConvergenceOptions) {
  if (timeout === undefined && timeoutPerGib === undefined) return undefined;
  return { baseMs: (timeout ?? 0) * 1_000, msPerGib: (timeoutPerGib ?? 0) * 1_000 };
}

function onBudgetOf(typed: ConvergenceOptions, base: ConvergencePolicy): ConvergenceAction {
  if (typed.onTimeout !== undefined) return actionsByWord[typed.onTimeout];
  const isBudgetTyped = budgetOf(typed) !== undefined;
  return isBudgetTyped && base.onBudget === 'none' ? 'abort' : base.onBudget;
}

function onStallOf(
  { onStall, maxDowntime }: ConvergenceOptions,
  base: ConvergencePolicy,
): ConvergencePolicy['onStall'] {
  if (onStall === 'raise-downtime') return 'raiseDowntime';
  if (onStall !== undefined) return actionsByWord[onStall];
  // A fixed downtime has no steps that a preset could go up.
  const hasNoSteps = maxDowntime !== undefined && base.onStall === 'raiseDowntime';
  return hasNoSteps ? 'none' : base.onStall;
}

function withPostcopyStart(
  policy: ConvergencePolicy,
  { postcopyStart: start }: ConvergenceOptions,
): ConvergencePolicy {
  switch (start?.by) {
    case undefined:
      return policy;
    case 'pass':
      return { ...policy, postcopyAfterPasses: start.passes };
    case 'stall':
      return { ...policy, onStall: 'postcopy' };
    case 'budget':
      return { ...policy, onBudget: 'postcopy' };
    case 'hand':
      return {
        ...policy,
        postcopyAfterPasses: null,
        onBudget: policy.onBudget === 'postcopy' ? 'none' : policy.onBudget,
        onStall: policy.onStall === 'postcopy' ? 'none' : policy.onStall,
      };
  }
}
