import rateLimit from '@fastify/rate-limit';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { fastify } from 'fastify';

import { mapTexts, redactText } from '../engine/redaction.ts';
import { toFailure } from '../ports/failure.ts';
import type { Caller } from './access.ts';
import { Gate, refuseForms } from './access.ts';
import { RunFeeds } from './run-feeds.ts';
import { addPage, inspectorRoutes } from './inspector-routes.ts';
import { Metrics } from './metrics.ts';
import { openApiDocument } from './openapi.ts';
import { lookRoutes, metricsRoute, upkeepRoutes } from './other-routes.ts';
import type { ReadingParts, ServedWorkflow, ServiceParts } from './parts.ts';
import { fault, Problem, problemMediaType, problemOf } from './problem.ts';
import { answerBrokenRequest } from './broken-request.ts';
import type { Role, Route } from './route.ts';
import { fitsPath } from './route.ts';
import { readRoutes } from './read-routes.ts';
import type { RouteParts } from './run-routes.ts';
import { runRoutes } from './run-routes.ts';
import { eventStreamType } from './sse.ts';
import { Starting } from './starting.ts';

/** The service, not yet listening. */
export interface Service {
  readonly app: FastifyInstance;
  readonly routes: readonly Route[];
  /** Takes nothing more, lets go whoever follows, and waits for what is being answered. */
  readonly stop: () => Promise<void>;
}

/** One that drives runs, too. */
export interface DrivingService extends Service {
  /** For runs that were recovered: their states are timed. */
  readonly metrics: Metrics;
}

/** Nobody may hold a socket open with half a request. */
const requestTimeoutMs = 30_000;

/** The HTTP service on an engine. Whoever made the engine and the store closes them after it. */
export async function createService(parts: ServiceParts): Promise<DrivingService> {
  const feeds = new RunFeeds(parts);
  const metrics = new Metrics({ ...parts, followers: () => feeds.followers });
  const starting = new Starting({ ...parts, metrics });
  const { stop, ...rest } = await assemble(parts, {
    feeds,
    workflows: parts.workflows,
    routesOf: (surface) => [
      ...runRoutes({ ...parts, ...surface, starting }),
      ...lookRoutes({ ...parts, ...surface, starting }),
      metricsRoute({ metrics }),
    ],
    observe: (labels, spentS) => metrics.requests.observe(labels, spentS),
  });
  const stopAll = async (): Promise<void> => {
    await stop();
    metrics.close();
  };
  return { ...rest, metrics, stop: stopAll };
}

/** The same without an engine: it shows what is on record, and nothing else. */
export async function createReadingService(parts: ReadingParts): Promise<Service> {
  const feeds = new RunFeeds({ ...parts, engine: null });
  return assemble(parts, { feeds, workflows: null, routesOf: () => [], observe: () => undefined });
}

interface Assembly {
  readonly feeds: RunFeeds;
  /** `null`: none can be started here. */
  readonly workflows: readonly ServedWorkflow[] | null;
  /** Beside those that read. */
  readonly routesOf: (surface: Surface) => readonly Route[];
  readonly observe: (labels: Record<string, string | number>, spentS: number) => void;
}

/** What handlers know of requests. */
type Surface = Pick<RouteParts, 'goneOf' | 'callerOf'>;

async function assemble(parts: ReadingParts, assembly: Assembly): Promise<Service> {
  const { feeds, observe, routesOf, workflows } = assembly;
  const callers = new WeakMap<object, Caller>();
  const stopping = new AbortController();
  const app = createApp(parts);
  const gone = new WeakMap<object, AbortSignal>();
  const surface = {
    callerOf: (request: object) => callers.get(request) ?? null,
    goneOf: (request: object) => gone.get(request) ?? stopping.signal,
  };
  const mayOperate = workflows !== null;
  const routes: readonly Route[] = [
    ...routesOf(surface),
    ...readRoutes({ ...parts, ...surface, feeds: feeds.steps }),
    ...inspectorRoutes({ ...parts, ...surface, feeds: feeds.frames, mayOperate }),
    ...upkeepRoutes({
      ...parts,
      isStopping: () => stopping.signal.aborted,
      document: () => openApiDocument({ ...parts, workflows: workflows ?? [], routes }),
    }),
  ];
  const gate = new Gate(parts);
  await app.register(rateLimit, {
    global: false,
    max: parts.requestsPerMinute,
    timeWindow: 60_000,
    allowList: ({ url }) => url === '/healthz' || url === '/readyz',
    errorResponseBuilder: (_, { after }) => tooMany(after),
  });
  app.addHook('onRequest', async (_, reply) => void reply.headers(safeHeaders));
  // Before anybody is asked who they are: whoever guesses tokens is counted, too.
  app.addHook('onRequest', app.rateLimit());
  app.addHook('onRequest', async (request, reply) => {
    callers.set(request, gate.admit(request, roleOf(request)));
    if (!request.is404 && request.method === 'POST') refuseForms(request);
    gone.set(request, AbortSignal.any([goneSignal(reply), stopping.signal]));
  });
  addTelling(app, parts, { observe, callerOf: surface.callerOf });
  app.setNotFoundHandler(async (request) => {
    throw notFound(request, routes);
  });
  for (const route of routes) addRoute(app, route);
  addPage(app, parts);
  const stop = async (): Promise<void> => {
    stopping.abort();
    feeds.close();
    await app.close();
  };
  return { app, routes, stop };
}

const safeHeaders = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
};

function createApp({ bodyBytes, tls }: ReadingParts): FastifyInstance {
  const options = {
    logger: false,
    bodyLimit: bodyBytes,
    requestTimeout: requestTimeoutMs,
    return503OnClosing: true,
    forceCloseConnections: 'idle' as const,
    clientErrorHandler: answerBrokenRequest,
    frameworkErrors: (error: Error, _: FastifyRequest, reply: FastifyReply): void =>
      void answerError(error, reply),
    routerOptions: { maxParamLength: 128 },
  };
  const app: FastifyInstance =
    tls === null
      ? fastify(options)
      : fastify({
          ...options,
          https: { cert: tls.certificate, key: tls.key, minVersion: 'TLSv1.2' },
        });
  app.removeContentTypeParser('text/plain');
  return app;
}

function addRoute(app: FastifyInstance, route: Route): void {
  app.route({
    method: route.method,
    url: route.path,
    config: { role: route.role },
    // The head of an event log would be all of it.
    exposeHeadRoute: route.answers[200]?.mediaType !== eventStreamType,
    handler: (request, reply) => route.handle(request, reply),
  });
}

/** What each answer says, to whom, and what is logged of it: never a body, never a query. */
function addTelling(
  app: FastifyInstance,
  { log }: ReadingParts,
  { callerOf, observe }: Pick<Assembly, 'observe'> & Pick<Surface, 'callerOf'>,
): void {
  app.addHook('preSerialization', async (_, __, payload) =>
    mapTexts(payload, (text) => redactText(text, [])),
  );
  app.addHook('onResponse', async (request, reply) => {
    const { method, routeOptions } = request;
    const { elapsedTime, statusCode: status } = reply;
    const route = request.is404 ? 'none' : (routeOptions.url ?? 'none');
    observe({ method, route, status }, elapsedTime / 1_000);
    const who = callerOf(request)?.name ?? null;
    log.info('http', { method, route, status, elapsedMs: Math.round(elapsedTime), who });
  });
  app.setErrorHandler(async (error, _, reply) => {
    if (problemOf(error) === null) log.error('a request failed', { failure: toFailure(error) });
    return answerError(error, reply);
  });
}

function answerError(error: unknown, reply: FastifyReply): FastifyReply {
  const problem = problemOf(error);
  const body = mapTexts(problem?.toBody() ?? fault(), (text) => redactText(text, []));
  return (
    reply
      .code(problem?.status ?? 500)
      .headers(problem?.headers ?? {})
      .header('content-type', problemMediaType)
      // As bytes: the type has no charset.
      .send(Buffer.from(JSON.stringify(body)))
  );
}

function roleOf({ is404, routeOptions }: FastifyRequest): Role | 'open' {
  if (is404) return 'read';
  const { role } = routeOptions.config;
  return role ?? 'operate';
}

declare module 'fastify' {
  interface FastifyContextConfig {
    role?: Role | 'open';
  }
}

function goneSignal({ raw }: FastifyReply): AbortSignal {
  const gone = new AbortController();
  raw.once('close', () => gone.abort());
  return gone.signal;
}

function tooMany(after: string): Problem {
  const detail = `too many requests from this address: try again in ${after}`;
  return new Problem({ status: 429, code: 'tooMany', detail });
}

function notFound({ method, url }: FastifyRequest, routes: readonly Route[]): Problem {
  const there = routes.filter(({ path }) => fitsPath(path, url));
  if (there.length === 0)
    return new Problem({ status: 404, code: 'notFound', detail: 'there is nothing here' });
  const allow = there.map((route) => route.method).join(', ');
  return new Problem({
    status: 405,
    code: 'method',
    detail: `${method} is not taken here; there is ${allow}`,
    headers: { allow },
  });
}
