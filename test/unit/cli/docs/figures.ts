import type { ConvergencePreset } from '../../../../machines/policy/migration/convergence-presets.ts';
import { convergencePresets } from '../../../../machines/policy/migration/convergence-presets.ts';
import {
  dataGib,
  downtimeSteps,
  planConvergence,
} from '../../../../machines/policy/migration/convergence.ts';
import { formatSpan } from '../../../../src/cli/display/quantities.ts';
import { kubevirt, nova, vdsm } from './other-policies.ts';

/** The tables of docs/convergence.md, computed: rows of cells. */

const gib = 2 ** 30;
const sizesGib = [4, 64, 512] as const;
const spanOfS = (seconds: number): string => formatSpan(seconds * 1_000);
const presets: readonly (readonly [string, ConvergencePreset])[] =
  Object.entries(convergencePresets);

const wordsOfAction = {
  none: '-',
  abort: 'abort',
  forceComplete: 'force-complete',
  postcopy: 'post-copy',
  raiseDowntime: 'raise-downtime',
} as const;

function presetRows(): string[][] {
  return presets.map(([name, { autoConverge, convergence }]) => {
    const { downtime, budget, onBudget, stallPasses, onStall } = convergence;
    return [
      `\`${name}\``,
      downtime === null
        ? '-'
        : `${downtime.startMs} to ${downtime.limitMs} ms, ${downtime.steps} steps, ${downtime.stepMsPerGib / 1_000} s a GiB`,
      budget === null ? '-' : `${budget.baseMs / 1_000} s + ${budget.msPerGib / 1_000} s a GiB`,
      wordsOfAction[onBudget],
      stallPasses === null ? '-' : `${stallPasses} passes`,
      wordsOfAction[onStall],
      autoConverge ? 'yes' : 'no',
    ];
  });
}

const guests = [
  { words: '0.5 GiB', memoryGib: 0.5, disksGib: [] },
  { words: '4 GiB', memoryGib: 4, disksGib: [] },
  { words: '4 GiB, a disk of 1 GiB is copied', memoryGib: 4, disksGib: [1] },
  { words: '64 GiB, a disk of 100 GiB is copied', memoryGib: 64, disksGib: [100] },
  { words: '512 GiB', memoryGib: 512, disksGib: [] },
] as const;

function sizeRows(): string[][] {
  return guests.map(({ words, memoryGib, disksGib }) => [
    words,
    `${dataGib(
      memoryGib * gib,
      disksGib.map((each) => each * gib),
    )} GiB`,
    `${nova.dataGib(memoryGib, disksGib)} GiB`,
    `${kubevirt.dataGb(memoryGib, disksGib)} GB`,
  ]);
}

function budgetRows(): string[][] {
  const ours = presets.map(([name, { convergence }]) => [
    `\`${name}\``,
    ...sizesGib.map((size) => formatSpan(planConvergence(convergence, size).budgetMs ?? 0)),
  ]);
  return [
    ...ours,
    ['Nova', ...sizesGib.map((size) => spanOfS(nova.completionTimeoutS(nova.dataGib(size, []))))],
    [
      'KubeVirt',
      ...sizesGib.map((size) => spanOfS(kubevirt.completionTimeoutS(kubevirt.dataGb(size, [])))),
    ],
    ['oVirt (vdsm)', ...sizesGib.map(() => `pass ${vdsm.abortsAtPass()}`)],
  ];
}

function limitsOf(limitsMs: readonly number[]): string {
  const [first, second] = limitsMs;
  return limitsMs.length > 6 ? `${first}, ${second}, ... ${limitsMs.at(-1)}` : limitsMs.join(', ');
}

function rampRows(): string[][] {
  const ours = presets.flatMap(
    ([
      name,
      {
        convergence: { downtime },
      },
    ]) => {
      if (downtime === null) return [];
      const limits = downtimeSteps(downtime, 1).map(({ downtimeMs }) => downtimeMs);
      const ends = sizesGib.map((size) =>
        downtimeSteps(downtime, size).reduce((sum, { afterMs }) => sum + afterMs, 0),
      );
      return [[`\`${name}\``, limitsOf(limits), ...ends.map(formatSpan)]];
    },
  );
  const novaEnds = sizesGib.map(
    (size) => nova.downtimeSteps(nova.dataGib(size, [])).at(-1)?.atS ?? 0,
  );
  return [
    ...ours,
    [
      'Nova',
      limitsOf(nova.downtimeSteps(2).map(({ downtimeMs }) => downtimeMs)),
      ...novaEnds.map(spanOfS),
    ],
    [
      'KubeVirt, with its optional ramp',
      limitsOf(kubevirt.tunedDowntimesMs()),
      ...sizesGib.map(() => `pass ${kubevirt.firstRaiseAtPass}, then 10 s each`),
    ],
    [
      'oVirt (vdsm)',
      limitsOf(vdsm.downtimesMs()),
      ...sizesGib.map(() => `pass ${vdsm.lastStepAtPass()}`),
    ],
  ];
}

export const figures: Readonly<Record<string, () => string[][]>> = {
  presets: presetRows,
  size: sizeRows,
  budget: budgetRows,
  ramp: rampRows,
};
