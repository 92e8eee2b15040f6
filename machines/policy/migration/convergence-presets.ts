import type { ConvergencePolicy } from './convergence.ts';

/** A policy under a name, with the flags of libvirt that go with it. */
export interface ConvergencePreset {
  readonly autoConverge: boolean;
  readonly convergence: ConvergencePolicy;
}

/** Nothing is done but what is asked for by hand. */
export const patient: ConvergencePolicy = {
  downtime: null,
  budget: null,
  onBudget: 'none',
  stallPasses: null,
  onStall: 'none',
  postcopyAfterPasses: null,
};

/**
 * - `minimal-downtime`: rather not at all than with a pause that anybody notices.
 * - `must-converge`: the host has to be emptied; the guest is slowed down and in the end paused.
 * - `gentle`: the guest is not slowed down; the pause grows slowly, as in Nova, then it is given up.
 */
export const convergencePresets = {
  'minimal-downtime': {
    autoConverge: false,
    convergence: {
      downtime: { startMs: 20, limitMs: 150, steps: 5, stepMsPerGib: 30_000 },
      budget: { baseMs: 60_000, msPerGib: 300_000 },
      onBudget: 'abort',
      stallPasses: null,
      onStall: 'none',
      postcopyAfterPasses: null,
    },
  },
  'must-converge': {
    autoConverge: true,
    convergence: {
      downtime: { startMs: 100, limitMs: 2_000, steps: 10, stepMsPerGib: 10_000 },
      budget: { baseMs: 60_000, msPerGib: 150_000 },
      onBudget: 'forceComplete',
      stallPasses: 3,
      onStall: 'raiseDowntime',
      postcopyAfterPasses: null,
    },
  },
  gentle: {
    autoConverge: false,
    convergence: {
      downtime: { startMs: 50, limitMs: 500, steps: 10, stepMsPerGib: 75_000 },
      budget: { baseMs: 0, msPerGib: 800_000 },
      onBudget: 'abort',
      stallPasses: null,
      onStall: 'none',
      postcopyAfterPasses: null,
    },
  },
} as const satisfies Readonly<Record<string, ConvergencePreset>>;

export type ConvergencePresetName = keyof typeof convergencePresets;
