import type { FastifyInstance } from 'fastify';
import { z } from 'zod';

import { didYouMean } from '../requests/nearest.ts';
import type { Caller } from './access.ts';
import type { ReadingParts } from './parts.ts';
import { Problem } from './problem.ts';
import type { ReadParts } from './read-routes.ts';
import { followRoute } from './read-routes.ts';
import type { Route } from './route.ts';
import { refusals, route } from './route.ts';

interface InspectorRouteParts extends ReadParts, Pick<ReadingParts, 'inspector' | 'version'> {
  readonly callerOf: (request: object) => Caller;
  /** False where there is no engine. */
  readonly mayOperate: boolean;
}

/** What only the page asks for. */
export function inspectorRoutes(parts: InspectorRouteParts): Route[] {
  const followFrames = followRoute({
    ...parts,
    path: '/v1/runs/:id/frames',
    id: 'followFrames',
    summary: 'As the event log, and each step with all that it changed in its machine.',
  });
  return [followFrames, access(parts), chart(parts), drawing(parts)];
}

function access({ callerOf, inspector, mayOperate, version }: InspectorRouteParts): Route {
  return route({
    method: 'GET',
    path: '/v1/access',
    id: 'access',
    summary: 'What whoever asks may do here.',
    role: 'read',
    answers: {
      200: {
        description: 'By the token, and by whether runs are driven here at all.',
        schema: z.object({
          version: z.string(),
          mayOperate: z.boolean(),
          machines: z.array(z.string()),
        }),
      },
    },
    handle: async ({ request }) => ({
      version,
      mayOperate: mayOperate && callerOf(request)?.role !== 'read',
      machines: [...inspector.machines],
    }),
  });
}

const chartParams = z.object({ machine: z.string().describe('Id of the machine.') });

function chart({ inspector }: InspectorRouteParts): Route {
  return route({
    method: 'GET',
    path: '/v1/machines/:machine/chart',
    id: 'showChart',
    summary: 'The chart of a machine: its states and transitions.',
    role: 'read',
    params: chartParams,
    answers: {
      200: { description: 'Nodes and edges.', schema: z.record(z.string(), z.unknown()) },
      ...refusals({ 404: 'There is no such machine.' }),
    },
    handle: async ({ params, reply }) => {
      const { json } = await chartOf(inspector, params.machine);
      return reply.type('application/json').send(json);
    },
  });
}

function drawing({ inspector }: InspectorRouteParts): Route {
  return route({
    method: 'GET',
    path: '/v1/machines/:machine/chart/drawing',
    id: 'drawChart',
    summary: 'The same as a picture.',
    role: 'read',
    params: chartParams,
    answers: {
      200: { description: 'SVG.', schema: z.string(), mediaType: 'image/svg+xml' },
      ...refusals({ 404: 'There is no such machine.' }),
    },
    handle: async ({ params, reply }) => {
      const { svg } = await chartOf(inspector, params.machine);
      return reply.type('image/svg+xml').send(svg);
    },
  });
}

async function chartOf(inspector: InspectorRouteParts['inspector'], machine: string) {
  const found = await inspector.chart(machine);
  if (found !== null) return found;
  const nearest = didYouMean(machine, [...inspector.machines]);
  throw new Problem({
    status: 404,
    code: 'noMachine',
    detail: `there is no machine of that id${nearest}`,
  });
}

/** Nothing of it is inline, and it asks nobody but the service that it came from. */
const pageHeaders = {
  'content-security-policy': [
    "default-src 'none'",
    ...['script-src', 'style-src', 'connect-src', 'img-src'].map((kind) => `${kind} 'self'`),
    ...['base-uri', 'form-action', 'frame-ancestors'].map((kind) => `${kind} 'none'`),
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join('; '),
  'cache-control': 'no-cache',
};

/** The page itself: it holds nothing of any run, so it is handed to everybody. */
export function addPage(
  app: FastifyInstance,
  { inspector }: Pick<ReadingParts, 'inspector'>,
): void {
  const serve = (url: string, nameOf: (asked: string) => string): void => {
    app.get(url, { config: { role: 'open' } }, async (request, reply) => {
      const name = nameOf((request.url.split('?')[0] ?? '').slice('/inspector/'.length));
      const file = await inspector.file(name);
      if (file === null)
        throw new Problem({ status: 404, code: 'notFound', detail: 'there is nothing here' });
      return reply.headers(pageHeaders).type(file.mediaType).send(file.body);
    });
  };
  serve('/', () => 'index.html');
  serve('/inspector/*', (name) => name);
}
