import { z } from 'zod';

import type { RunEnding } from '../../engine/run-ending.ts';
import { evidences } from './run-events.ts';

const failure = z.object({
  code: z.string(),
  message: z.string(),
  effect: z.enum(['none', 'done', 'unknown']),
  libvirt: z.object({ code: z.number(), domain: z.number() }).optional(),
});

/** The output of the machine `liveMigration`. */
const migrationOutput = z.object({
  outcome: z.enum(['completed', 'refused', 'rolledBack', 'needsOperator']),
  failure: failure.nullable(),
  phases: z.array(
    z.object({
      phase: z.string(),
      evidence: z.enum(evidences),
      atEpochMs: z.number(),
    }),
  ),
  downtimeMs: z.number().nullable(),
  artefacts: z.array(
    z.object({
      kind: z.enum(['volume', 'claim']),
      host: z.string(),
      path: z.string(),
      status: z.enum(['expected', 'made', 'removed', 'left', 'kept', 'unwanted']),
    }),
  ),
});

export type MigrationResult = z.infer<typeof migrationOutput> & {
  readonly startedAtEpochMs: number;
  readonly finishedAtEpochMs: number;
};

type RunFailure = z.infer<typeof failure>;

export type RunResult =
  | ({ readonly ended: 'finished' } & MigrationResult)
  /** Its machine broke, or its store failed: the message says what is on record. */
  | { readonly ended: 'broken'; readonly atEpochMs: number; readonly failure: RunFailure }
  /** It stands on record, unfinished, for whoever recovers it. */
  | { readonly ended: 'left'; readonly atEpochMs: number; readonly failure: RunFailure };

export function toRunResult(ending: RunEnding, startedAtEpochMs: number): RunResult {
  const { atEpochMs } = ending;
  if (ending.ended === 'broken') {
    const ended = ending.failure.code === 'engineClosed' ? 'left' : 'broken';
    return { ended, atEpochMs, failure: failure.parse(ending.failure) };
  }
  const output = migrationOutput.parse(ending.output);
  return { ended: 'finished', ...output, startedAtEpochMs, finishedAtEpochMs: atEpochMs };
}
