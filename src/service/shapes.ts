import { z } from 'zod';

/** Bodies of requests and answers: checked, and told in the OpenAPI document. */

const epochMs = z.number().describe('Milliseconds since the epoch.');

export const failureShape = z
  .object({
    code: z.string(),
    message: z.string(),
    effect: z.enum(['none', 'done', 'unknown']),
  })
  .meta({ id: 'Failure' });

export const runShape = z
  .object({
    run: z.string(),
    machine: z.string(),
    version: z.string(),
    domain: z.string().nullable(),
    startedAt: epochMs,
    finishedAt: epochMs.nullable(),
    outcome: z
      .string()
      .nullable()
      .describe('completed, refused, rolledBack, needsOperator, broken; null: unfinished.'),
    states: z.array(z.string()).describe('Innermost states of the run and of its children.'),
    drivenBy: z
      .object({ pid: z.number(), host: z.string(), alive: z.boolean(), heartbeatAt: epochMs })
      .nullable(),
    parked: z.object({ at: epochMs, failure: failureShape }).nullable(),
  })
  .meta({ id: 'Run' });
export type RunShape = z.infer<typeof runShape>;

export const stepShape = z
  .object({
    at: epochMs,
    machine: z.string(),
    event: z.string(),
    effect: z.string().nullable().describe('The effect or watch that the event comes from.'),
    failure: failureShape.optional(),
    entered: z.array(
      z.object({
        at: epochMs,
        region: z.string().optional(),
        state: z.string(),
        phase: z.string().optional(),
        evidence: z.string().optional(),
        tags: z.array(z.string()),
      }),
    ),
  })
  .meta({ id: 'Step' });
export type StepShape = z.infer<typeof stepShape>;

const streamShape = z.looseObject({ stream: z.string() }).describe('Bytes of one stream.');

export const runDetailsShape = runShape
  .extend({
    asked: z.record(z.string(), z.unknown()).nullable(),
    failure: failureShape.nullable(),
    downtimeMs: z
      .number()
      .nullable()
      .describe('How long the guest stood still; null: it has not ended, or nothing tells.'),
    tags: z.array(z.string()).nullable(),
    allowed: z
      .array(z.string())
      .nullable()
      .describe('Types of the events that the machine takes now.'),
    nextSteps: z.array(z.string()),
    locks: z.array(z.string()),
    progress: z.array(streamShape),
    effects: z.array(z.object({ key: z.string(), src: z.string() })),
    artefacts: z.array(z.looseObject({ kind: z.string(), status: z.string() })),
    path: z.array(stepShape),
  })
  .meta({ id: 'RunDetails' });

export const runListShape = z
  .object({
    runs: z.array(runShape),
    next: z.string().nullable().describe('`before` of the next page; null: there is none.'),
  })
  .meta({ id: 'RunList' });

export const checksShape = z
  .object({
    ok: z.boolean(),
    checks: z.array(
      z.object({ check: z.string(), ok: z.boolean(), objection: z.string().nullable() }),
    ),
    foretold: z.string().nullable().describe('What a workflow that chooses would do.'),
  })
  .meta({ id: 'Checks' });

export const machineShape = z
  .object({
    workflow: z.string(),
    machine: z.string(),
    version: z.string(),
    description: z.string(),
    states: z.number(),
  })
  .meta({ id: 'Machine' });

export const problemShape = z
  .looseObject({
    type: z.string(),
    title: z.string(),
    status: z.number(),
    code: z.string().describe('Stable: what a program decides by.'),
    detail: z.string(),
    errors: z
      .array(z.object({ path: z.string().describe('JSON pointer.'), message: z.string() }))
      .optional(),
  })
  .meta({ id: 'Problem' });

export const runParams = z.object({
  id: z
    .string()
    .regex(/^[0-9A-Za-z-]{1,64}$/, 'must be the id of a run')
    .describe('Id of the run.'),
});

/** Numbers of a query are text. */
const count = (most: number, otherwise: number) =>
  z
    .string()
    .regex(/^[1-9][0-9]{0,5}$/, 'must be a whole number above 0')
    .transform(Number)
    .refine((value) => value <= most, `must be at most ${most}`)
    .default(otherwise);

const word = z.string().min(1).max(255);

export const runsQuery = z.strictObject({
  status: z.enum(['finished', 'unfinished']).optional(),
  machine: word.optional(),
  domain: word.optional(),
  outcome: word.optional(),
  before: runParams.shape.id.optional().describe('Only runs that began before this one.'),
  limit: count(1_000, 50),
});

export const eventsQuery = z.strictObject({
  after: z
    .string()
    .regex(/^[0-9]{1,9}$/, 'must be a whole number')
    .transform(Number)
    .optional()
    .describe('So many events are known already, as Last-Event-ID says.'),
});
