import { z } from 'zod';

import type { RunEnding } from '../../engine/run-ending.ts';
import { evidences } from './run-events.ts';

const failure = z.object({
  code: z.string(),
  message: z.string(),
  effect: z.enum(['none', 'done', 'unknown']),
  libvirt: z.object({ code: z.number(), domain: z.number() }).optional(),
});

/** What a run made, as its record has it. */
export const madeByRun = z.object({
  kind: z.string(),
  host: z.string(),
  path: z.string(),
  status: z.string(),
});

/** What the output of every workflow's machine has; what more it has, its own words tell. */
const workflowOutput = z.looseObject({
  outcome: z.enum(['completed', 'refused', 'rolledBack', 'needsOperator']),
  failure: failure.nullable(),
  phases: z
    .array(z.object({ phase: z.string(), evidence: z.enum(evidences), atEpochMs: z.number() }))
    .default([]),
  downtimeMs: z.number().nullable().default(null),
  artefacts: z.array(madeByRun),
});

const ownParts = new Set(Object.keys(workflowOutput.shape));

export type FinishedRun = Pick<
  z.infer<typeof workflowOutput>,
  'outcome' | 'failure' | 'phases' | 'downtimeMs' | 'artefacts'
> & {
  /** What only its machine tells: images, consistency, times. */
  readonly told: Readonly<Record<string, unknown>>;
  readonly startedAtEpochMs: number;
  readonly finishedAtEpochMs: number;
};

export type RunFailure = z.infer<typeof failure>;

export type RunResult =
  | ({
      readonly ended: 'finished';
      /** Of a refusal for a name that is not there: the one that may have been meant. */
      readonly nearest?: string;
    } & FinishedRun)
  /** Its machine broke, or its store failed: the message says what is on record. */
  | { readonly ended: 'broken'; readonly atEpochMs: number; readonly failure: RunFailure }
  /** It stands on record, unfinished, for whoever recovers it. */
  | { readonly ended: 'left'; readonly atEpochMs: number; readonly failure: RunFailure }
  /** It stands open, and does nothing until a person decides. */
  | {
      readonly ended: 'waiting';
      readonly atEpochMs: number;
      readonly run: string;
      readonly artefacts: FinishedRun['artefacts'];
      readonly told: FinishedRun['told'];
      /** What may be decided, each with its command. */
      readonly steps: readonly string[];
    };

export function toRunResult(ending: RunEnding, startedAtEpochMs: number): RunResult {
  const { atEpochMs } = ending;
  if (ending.ended === 'broken') {
    const ended = ending.failure.code === 'engineClosed' ? 'left' : 'broken';
    return { ended, atEpochMs, failure: failure.parse(ending.failure) };
  }
  const output = workflowOutput.parse(ending.output);
  const { outcome, phases, downtimeMs, artefacts } = output;
  const told = Object.fromEntries(Object.entries(output).filter(([name]) => !ownParts.has(name)));
  return {
    ended: 'finished',
    outcome,
    failure: output.failure,
    phases,
    downtimeMs,
    artefacts,
    told,
    startedAtEpochMs,
    finishedAtEpochMs: atEpochMs,
  };
}
