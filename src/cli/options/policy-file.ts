import { z } from 'zod';

import type {
  ConvergencePreset,
  ConvergencePresetName,
} from '../../../machines/policy/migration/convergence-presets.ts';
import {
  convergencePresets,
  patient,
} from '../../../machines/policy/migration/convergence-presets.ts';
import { didYouMean } from '../../requests/nearest.ts';
import { oneLine } from '../display/quantities.ts';
import {
  downtimeMsMax,
  passesMax,
  rampStepsMax,
  timeoutPerGibSMax,
  timeoutSMax,
} from './option-values.ts';
import { readJsonFile } from './text-file.ts';
import { UsageError } from './usage-error.ts';

const sizeBytesMax = 64 * 1_024;

const whole = (least: number, most: number) => z.int().min(least).max(most);
const actions = ['none', 'abort', 'forceComplete', 'postcopy'] as const;

/** What is left out is as without a policy. */
const policyFile = z.strictObject({
  autoConverge: z.boolean().default(false),
  convergence: z
    .strictObject({
      downtime: z
        .strictObject({
          startMs: whole(1, downtimeMsMax),
          limitMs: whole(1, downtimeMsMax),
          steps: whole(0, rampStepsMax),
          stepMsPerGib: whole(0, timeoutPerGibSMax * 1_000),
        })
        .refine(({ startMs, limitMs }) => startMs <= limitMs, {
          error: 'startMs must not be above limitMs',
        })
        .nullable()
        .default(patient.downtime),
      budget: z
        .strictObject({
          baseMs: whole(0, timeoutSMax * 1_000),
          msPerGib: whole(0, timeoutPerGibSMax * 1_000),
        })
        .refine(({ baseMs, msPerGib }) => baseMs + msPerGib > 0, {
          error: 'baseMs and msPerGib must not both be 0: null is no budget',
        })
        .nullable()
        .default(patient.budget),
      onBudget: z.enum(actions).default(patient.onBudget),
      stallPasses: whole(1, passesMax).nullable().default(patient.stallPasses),
      onStall: z.enum([...actions, 'raiseDowntime']).default(patient.onStall),
      postcopyAfterPasses: whole(1, passesMax).nullable().default(patient.postcopyAfterPasses),
    })
    .default(patient),
});

/**
 * The policy that `--policy` names: a preset, or a JSON file of a preset's shape.
 *
 * @throws UsageError
 */
export async function readPolicy(named: string): Promise<ConvergencePreset> {
  if (isPresetName(named)) return convergencePresets[named];
  if (!/[./]/.test(named)) {
    const names = Object.keys(convergencePresets);
    throw new UsageError(
      `--policy ${JSON.stringify(named)} is not known; there is ${names.join(', ')}, or the path of a FILE.json${didYouMean(named, names)}`,
    );
  }
  const parsed = policyFile.safeParse(await readJsonFile('--policy', named, sizeBytesMax));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const place = issue === undefined || issue.path.length === 0 ? '' : `${issue.path.join('.')}: `;
  throw new UsageError(
    `--policy ${named} is no policy: ${oneLine(`${place}${issue?.message ?? 'wrong'}`)}`,
  );
}

function isPresetName(named: string): named is ConvergencePresetName {
  return Object.hasOwn(convergencePresets, named);
}
