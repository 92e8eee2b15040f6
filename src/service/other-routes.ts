import { z } from 'zod';

import type { Metrics } from './metrics.ts';
import type { ReadingParts } from './parts.ts';
import type { RouteParts } from './run-routes.ts';
import { Problem } from './problem.ts';
import { readAsked, requestBody } from './request-body.ts';
import type { Route } from './route.ts';
import { refusals, route } from './route.ts';
import { checksShape, machineShape } from './shapes.ts';

/** A host that does not answer in this time has no business with a workflow. */
const checksTimeoutMs = 60_000;

/** Checks and machines. */
export function lookRoutes({ goneOf, workflows }: RouteParts): Route[] {
  const check = route({
    method: 'POST',
    path: '/v1/checks',
    id: 'check',
    summary: 'Judges every check of a workflow and touches nothing.',
    role: 'operate',
    body: requestBody(workflows, {}),
    answers: {
      200: { description: 'What each check says.', schema: checksShape },
      ...refusals({
        422: 'The request does not fit.',
        502: 'A host cannot be reached, or refuses.',
      }),
    },
    handle: async ({ body, request }) => {
      const { read } = readAsked(workflows, body);
      const patience = AbortSignal.timeout(checksTimeoutMs);
      const { foretold, verdicts } = await read.judge(AbortSignal.any([goneOf(request), patience]));
      const checks = verdicts.map(({ check: name, objection }) => {
        return { check: name, ok: objection === null, objection };
      });
      return { ok: checks.every(({ ok }) => ok), checks, foretold: foretold ?? null };
    },
  });
  const machines = route({
    method: 'GET',
    path: '/v1/machines',
    id: 'listMachines',
    summary: 'What can be started.',
    role: 'read',
    answers: {
      200: { description: 'All of them.', schema: z.object({ machines: z.array(machineShape) }) },
    },
    handle: async () => ({
      machines: workflows.map(({ name, machine, version, description, states }) => {
        return { workflow: name, machine, version, description, states };
      }),
    }),
  });
  return [check, machines];
}

export interface UpkeepParts extends Pick<ReadingParts, 'store'> {
  readonly isStopping: () => boolean;
  /** The OpenAPI document. */
  readonly document: () => object;
}

const ok = z.object({ status: z.literal('ok') });

/** For whoever keeps the service up. */
export function upkeepRoutes({ document, isStopping, store }: UpkeepParts): Route[] {
  return [
    route({
      method: 'GET',
      path: '/healthz',
      id: 'health',
      summary: 'The process answers.',
      role: 'open',
      answers: { 200: { description: 'It does.', schema: ok } },
      handle: async () => ({ status: 'ok' }),
    }),
    route({
      method: 'GET',
      path: '/readyz',
      id: 'readiness',
      summary: 'It takes work: its store can be read, and it is not stopping.',
      role: 'open',
      answers: {
        200: { description: 'It does.', schema: ok },
        ...refusals({ 503: 'It does not now.' }),
      },
      handle: async () => {
        if (isStopping())
          throw new Problem({ status: 503, code: 'stopping', detail: 'the service is stopping' });
        await store.list({ limit: 1 });
        return { status: 'ok' };
      },
    }),
    route({
      method: 'GET',
      path: '/v1/openapi.json',
      id: 'openapi',
      summary: 'This description.',
      role: 'read',
      answers: {
        200: { description: 'OpenAPI 3.1.', schema: z.record(z.string(), z.unknown()) },
      },
      handle: async () => document(),
    }),
  ];
}

/** For Prometheus. */
export function metricsRoute({ metrics }: { readonly metrics: Metrics }): Route {
  return route({
    method: 'GET',
    path: '/metrics',
    id: 'metrics',
    summary: 'For Prometheus.',
    role: 'read',
    answers: {
      200: { description: 'Its text format.', schema: z.string(), mediaType: 'text/plain' },
    },
    handle: async ({ reply }) => {
      const text = await metrics.text();
      return reply.type(metrics.contentType).send(text);
    },
  });
}
