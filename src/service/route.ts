import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';

import { invalid, problemMediaType } from './problem.ts';
import { problemShape } from './shapes.ts';

export type Role = 'read' | 'operate';

/** One kind of answer, for the OpenAPI document. */
export interface Answer {
  readonly description: string;
  /** `null`: without a body. */
  readonly schema: z.ZodType | null;
  readonly mediaType?: string;
}

/** What is answered in place of what was asked for, by status. */
export const refusals = (words: Readonly<Record<number, string>>): Record<number, Answer> =>
  Object.fromEntries(
    Object.entries(words).map(([status, description]) => [
      status,
      { description, schema: problemShape, mediaType: problemMediaType },
    ]),
  );

/** What a handler is handed, read and checked. */
export interface Asked<Params, Query, Body> {
  readonly params: Params;
  readonly query: Query;
  readonly body: Body;
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
}

/** One route, as data: it is served, documented and tested from here. */
export interface Route {
  readonly method: 'GET' | 'POST';
  /** With `:name` for a parameter. */
  readonly path: string;
  readonly id: string;
  readonly summary: string;
  /** `open`: without a token, too. */
  readonly role: Role | 'open';
  readonly params: z.ZodType;
  readonly query: z.ZodType;
  readonly headers: Readonly<Record<string, string>>;
  /** `null`: it takes none. */
  readonly body: z.ZodType | null;
  readonly answers: Readonly<Record<number, Answer>>;
  handle(request: FastifyRequest, reply: FastifyReply): Promise<unknown>;
}

const nothing = z.object({});

interface RouteOptions<
  Params extends z.ZodType,
  Query extends z.ZodType,
  Body extends z.ZodType,
> extends Pick<Route, 'method' | 'path' | 'id' | 'summary' | 'role' | 'answers'> {
  readonly params?: Params;
  readonly query?: Query;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Body;
  readonly handle: (
    asked: Asked<z.output<Params>, z.output<Query>, z.output<Body>>,
  ) => Promise<unknown>;
}

/** Puts a route together: what does not fit its schemas never reaches its handler. */
export function route<
  Params extends z.ZodType = typeof nothing,
  Query extends z.ZodType = typeof nothing,
  Body extends z.ZodType = z.ZodUndefined,
>(options: RouteOptions<Params, Query, Body>): Route;
export function route({
  params = nothing,
  query = nothing,
  headers = {},
  body,
  handle,
  ...rest
}: RouteOptions<z.ZodType, z.ZodType, z.ZodType>): Route {
  return {
    ...rest,
    params,
    query,
    headers,
    body: body ?? null,
    handle: async (request, reply) =>
      handle({
        params: readPart(params, request.params, 'path'),
        query: readPart(query, request.query, 'query'),
        body: body === undefined ? undefined : readPart(body, request.body, null),
        request,
        reply,
      }),
  };
}

/** @throws Problem 422 with the places of the fields */
export function readPart<Schema extends z.ZodType>(
  schema: Schema,
  given: unknown,
  at: string | null,
): z.output<Schema> {
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;
  throw invalid(parsed.error.issues, at === null ? [] : [at]);
}

/** Do the segments of a path fit those of a route? */
export function fitsPath(path: string, url: string): boolean {
  const own = path.split('/');
  const asked = (url.split('?')[0] ?? '').split('/');
  return (
    own.length === asked.length && own.every((one, at) => one.startsWith(':') || one === asked[at])
  );
}
