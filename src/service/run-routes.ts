import { z } from 'zod';

import { runEvent, runEventTypes } from '../requests/index.ts';
import type { Caller } from './access.ts';
import { runIdFor } from './idempotency.ts';
import type { ServiceParts } from './parts.ts';
import { Problem } from './problem.ts';
import { noRun } from './read-routes.ts';
import { readAsked, requestBody } from './request-body.ts';
import type { Route } from './route.ts';
import { refusals, route } from './route.ts';
import { runParams, runShape } from './shapes.ts';
import type { Starting } from './starting.ts';

export interface RouteParts extends ServiceParts {
  readonly starting: Starting;
  /** Aborted when the caller has gone, or the service stops. */
  readonly goneOf: (request: object) => AbortSignal;
  readonly callerOf: (request: object) => Caller;
}

/** What makes runs, and tells them what to do. */
export function runRoutes(parts: RouteParts): Route[] {
  return [createRun(parts), sendEvent(parts)];
}

const idempotencyKey = z
  .string()
  .regex(/^[\x20-\x7e]{1,255}$/, 'must be 1 to 255 printable ASCII characters');

function createRun({ callerOf, goneOf, starting, teller, workflows }: RouteParts): Route {
  return route({
    method: 'POST',
    path: '/v1/runs',
    id: 'createRun',
    summary: 'Starts a workflow. Answered when its beginning is on record.',
    role: 'operate',
    headers: {
      'Idempotency-Key': 'The same key with the same body finds the run that it has started.',
    },
    body: requestBody(workflows, {
      waitMs: z
        .int()
        .min(0)
        .max(600_000)
        .default(0)
        .describe('How long to queue for what other runs hold.'),
    }),
    answers: {
      200: { description: 'It had been started with this key before.', schema: runShape },
      201: { description: 'It has begun.', schema: runShape },
      ...refusals({
        409: 'Another run holds the domain or the host.',
        422: 'The request does not fit, or its key stands for another one.',
        503: 'The store failed, or the service is stopping.',
      }),
    },
    handle: async ({ body, reply, request }) => {
      const { workflow, read } = readAsked(workflows, body);
      const key = request.headers['idempotency-key'];
      const named = key === undefined ? null : readKey(key);
      const who = callerOf(request)?.name ?? '';
      const { run, replayed } = await starting.start(
        {
          machine: workflow.machine,
          input: read.input,
          waitMs: body.waitMs,
          signal: goneOf(request),
        },
        named === null ? null : runIdFor(who, named, { ...body, waitMs: 0 }),
      );
      void reply.code(replayed ? 200 : 201).header('location', `/v1/runs/${run.id}`);
      return teller.toRun(run);
    },
  });
}

function readKey(given: unknown): string {
  const parsed = idempotencyKey.safeParse(given);
  if (parsed.success) return parsed.data;
  const detail = 'Idempotency-Key must be 1 to 255 printable ASCII characters';
  const errors = [{ path: '/headers/idempotency-key', message: detail }];
  throw new Problem({ status: 422, code: 'invalid', detail, errors });
}

function sendEvent({ engine }: RouteParts): Route {
  const answer = z.object({ answer: z.enum(['accepted', 'posted']), detail: z.string() });
  return route({
    method: 'POST',
    path: '/v1/runs/:id/events',
    id: 'sendEvent',
    summary: 'Sends an event to a run, whoever drives it.',
    role: 'operate',
    params: runParams,
    body: runEvent,
    answers: {
      200: { description: 'Its machine has taken it.', schema: answer },
      202: { description: 'Nobody drives it: taken when somebody recovers it.', schema: answer },
      ...refusals({
        404: 'There is no such run.',
        409: 'The machine does not allow it now, or the run has ended; `allowed` says what it takes.',
        422: 'There is no such event.',
      }),
    },
    handle: async ({ body, params, reply }) => {
      const handle = await engine.find(params.id);
      if (handle === null) throw noRun();
      try {
        const answered = await handle.send(body);
        if (answered.accepted) return { answer: 'accepted', detail: `${body.type} was taken` };
        const { reason: detail } = answered;
        // Of all that its machine takes now, what comes from outside.
        const allowed = runEventTypes.filter((type) => answered.allowed.includes(type));
        throw new Problem({ status: 409, code: 'notAllowed', detail, more: { allowed } });
      } catch (error) {
        if (!isNotAnswered(error)) throw error;
        void reply.code(202);
        return { answer: 'posted', detail: error.message };
      }
    },
  });
}

function isNotAnswered(error: unknown): error is Error {
  return error instanceof Error && 'code' in error && error.code === 'notAnswered';
}
