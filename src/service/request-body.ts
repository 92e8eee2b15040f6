import { z } from 'zod';

import { didYouMean } from '../requests/nearest.ts';
import type { ReadRequest, ServedWorkflow } from './parts.ts';
import { invalid } from './problem.ts';

/** `{ workflow, input }` and what else a route takes; each workflow has an input of its own. */
export function requestBody<More extends z.ZodRawShape>(
  workflows: readonly ServedWorkflow[],
  more: More,
) {
  const names = workflows.map(({ name }) => name);
  return z
    .strictObject({
      workflow: z
        .string()
        .max(64)
        .refine((name) => names.includes(name), {
          error: ({ input }) =>
            `is not known; there is ${names.join(', ')}${didYouMean(String(input), names)}`,
        }),
      input: z.record(z.string(), z.json()),
      ...more,
    })
    .meta({ inputs: names });
}

/**
 * The workflow that a body names, and what it asks of it.
 *
 * @throws Problem 422 with the places of the fields
 */
export function readAsked(
  workflows: readonly ServedWorkflow[],
  body: { readonly workflow: string; readonly input: unknown },
): { readonly workflow: ServedWorkflow; readonly read: ReadRequest & { readonly fits: true } } {
  const workflow = workflows.find(({ name }) => name === body.workflow);
  if (workflow === undefined) throw invalid([], ['workflow']);
  const read = workflow.read(body.input);
  if (!read.fits) throw invalid(read.issues, ['input']);
  return { workflow, read };
}
