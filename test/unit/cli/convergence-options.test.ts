import { describe, expect, test } from 'vitest';

import type { ConvergencePolicy } from '../../../machines/policy/migration/convergence.ts';
import {
  convergencePresets,
  patient,
} from '../../../machines/policy/migration/convergence-presets.ts';
import { readMigration } from '../../../src/cli/options/migrate-options.ts';
import { UsageError } from '../../../src/cli/options/usage-error.ts';

type PresetName = keyof typeof convergencePresets;

const typed = {
  from: 'qemu:///system',
  to: 'qemu+tls://hostB/system',
  protocol: 'peer2peer',
  postcopyWait: '300',
  sourceDisk: 'keep',
  onSplitBrain: 'suspend-source',
  peerWait: '60',
};

const read = (more: object, preset?: PresetName): ConvergencePolicy =>
  readMigration(
    'web',
    { ...typed, ...more },
    { destinationXml: null, policy: preset === undefined ? null : convergencePresets[preset] },
  ).convergence;

const postcopy = { postcopy: true } as const;
const ramp = { startMs: 50, limitMs: 500, steps: 10, stepMsPerGib: 75_000 };

test.each<[object, Partial<ConvergencePolicy>]>([
  [{ maxDowntime: '500' }, { downtime: { startMs: 500, limitMs: 500, steps: 0, stepMsPerGib: 0 } }],
  [{ downtimeRamp: '50:500:10:75' }, { downtime: ramp }],
  [{ timeout: '90' }, { budget: { baseMs: 90_000, msPerGib: 0 }, onBudget: 'abort' }],
  [{ timeoutPerGib: '15' }, { budget: { baseMs: 0, msPerGib: 15_000 }, onBudget: 'abort' }],
  [
    { timeout: '60', timeoutPerGib: '150', onTimeout: 'force-complete' },
    { budget: { baseMs: 60_000, msPerGib: 150_000 }, onBudget: 'forceComplete' },
  ],
  [
    { ...postcopy, timeout: '9', onTimeout: 'post-copy' },
    { budget: { baseMs: 9_000, msPerGib: 0 }, onBudget: 'postcopy' },
  ],
  [
    { stallPasses: '4', onStall: 'abort' },
    { stallPasses: 4, onStall: 'abort' },
  ],
  [{ onStall: 'force-complete' }, { stallPasses: 3, onStall: 'forceComplete' }],
  [
    { onStall: 'raise-downtime', downtimeRamp: '50:500:10:75' },
    { stallPasses: 3, onStall: 'raiseDowntime', downtime: ramp },
  ],
])('%o', (more, policy) => {
  expect(read(more)).toEqual({ ...patient, ...policy });
});

describe('when post-copy begins', () => {
  test.each<[object, Partial<ConvergencePolicy>]>([
    [{}, {}],
    [{ postcopyStart: 'hand' }, {}],
    [{ postcopyStart: 'after-pass' }, { postcopyAfterPasses: 1 }],
    [{ postcopyStart: 'after-pass:4' }, { postcopyAfterPasses: 4 }],
    [{ postcopyStart: 'stall' }, { stallPasses: 3, onStall: 'postcopy' }],
    [
      { postcopyStart: 'stall', stallPasses: '5' },
      { stallPasses: 5, onStall: 'postcopy' },
    ],
    [
      { postcopyStart: 'budget', timeout: '60' },
      { budget: { baseMs: 60_000, msPerGib: 0 }, onBudget: 'postcopy' },
    ],
  ])('%o', (more, policy) => {
    expect(read({ ...postcopy, ...more })).toEqual({ ...patient, ...policy });
  });
});

describe('what is typed goes before what the preset says', () => {
  const gentle = convergencePresets.gentle.convergence;
  const must = convergencePresets['must-converge'].convergence;

  test.each<[PresetName, object, ConvergencePolicy]>([
    ['gentle', {}, gentle],
    // 90 s are 90 s: the preset's share for each GiB is not added.
    ['gentle', { timeout: '90' }, { ...gentle, budget: { baseMs: 90_000, msPerGib: 0 } }],
    ['gentle', { onTimeout: 'force-complete' }, { ...gentle, onBudget: 'forceComplete' }],
    ['must-converge', { stallPasses: '7' }, { ...must, stallPasses: 7 }],
    ['must-converge', { downtimeRamp: '50:500:10:75' }, { ...must, downtime: ramp }],
    ['must-converge', { ...postcopy, postcopyStart: 'stall' }, { ...must, onStall: 'postcopy' }],
  ])('%s and %o', (preset, more, policy) => {
    expect(read(more, preset)).toEqual(policy);
  });

  test('a fixed downtime has no steps that a stall could go up', () => {
    const fixed = read({ maxDowntime: '500' }, 'must-converge');
    expect(fixed).toMatchObject({ onStall: 'none', downtime: { startMs: 500, steps: 0 } });
  });
});

describe('what contradicts itself is refused in one line', () => {
  test.each([
    [{ maxDowntime: '500', downtimeRamp: '50:500:10:75' }, 'exclude each other'],
    [{ downtimeRamp: '50:500:10' }, '--downtime-ramp "50:500:10" is no ramp'],
    [{ downtimeRamp: '500:50:10:75' }, '--downtime-ramp must begin with at least 1 ms'],
    [{ downtimeRamp: '0:50:10:75' }, '--downtime-ramp must begin with at least 1 ms'],
    [{ downtimeRamp: '50:500:0:75' }, '--downtime-ramp must have 1 to 100 steps'],
    [{ downtimeRamp: '50:500:10:999999' }, '--downtime-ramp must not wait longer'],
    [{ stallPasses: '3' }, 'give --on-stall too'],
    [{ onTimeout: 'abort' }, 'give --timeout or --timeout-per-gib'],
    [{ onStall: 'raise-downtime' }, 'give --downtime-ramp'],
    [{ timeout: '60', onTimeout: 'post-copy' }, 'give --postcopy'],
    [{ postcopyStart: 'hand' }, 'give --postcopy too'],
    [{ ...postcopy, postcopyStart: 'soon' }, '--postcopy-start "soon" is not known'],
    [{ ...postcopy, postcopyStart: 'after-pass:0' }, '--postcopy-start "after-pass:0"'],
    [{ ...postcopy, postcopyStart: 'budget' }, 'give --timeout or --timeout-per-gib'],
    [
      { ...postcopy, postcopyStart: 'budget', timeout: '60', onTimeout: 'abort' },
      '--postcopy-start budget and --on-timeout abort contradict each other',
    ],
    [
      { ...postcopy, postcopyStart: 'stall', onStall: 'abort' },
      '--postcopy-start stall and --on-stall abort contradict',
    ],
    [
      { ...postcopy, postcopyStart: 'hand', timeout: '60', onTimeout: 'post-copy' },
      '--postcopy-start hand and --on-timeout post-copy contradict',
    ],
  ])('%o', (more, words) => {
    expect(() => read(more)).toThrow(UsageError);
    expect(() => read(more)).toThrow(words);
    expect(() => read(more)).not.toThrow('\n');
  });
});
