import { z } from 'zod';

import type { ServedWorkflow } from './parts.ts';
import { problemMediaType } from './problem.ts';
import type { Answer, Route } from './route.ts';
import { problemShape } from './shapes.ts';

interface DocumentParts {
  readonly routes: readonly Route[];
  readonly workflows: readonly ServedWorkflow[];
  readonly version: string;
}

type Json = Record<string, unknown>;

/** OpenAPI 3.1 of the routes, by the schemas that check their requests. */
export function openApiDocument({ routes, version, workflows }: DocumentParts): Json {
  const paths: Record<string, Json> = {};
  for (const route of routes) {
    const path = route.path.replaceAll(/:([a-z]+)/gi, '{$1}');
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operation(route, workflows) };
  }
  const schemas: Json = {};
  return {
    openapi: '3.1.0',
    info: {
      title: 'virtstate',
      version,
      description:
        'Workflows on running virtual machines, with everything that they did on record.',
    },
    paths: hoist(paths, schemas),
    components: { schemas, securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
  };
}

/** A reference leads from the root of the document: what schemas share lies there. */
function hoist(part: unknown, schemas: Json): unknown {
  if (Array.isArray(part)) return part.map((one) => hoist(one, schemas));
  if (typeof part !== 'object' || part === null) return part;
  const { $defs, ...rest }: Json = { ...part };
  for (const [name, schema] of Object.entries($defs ?? {})) schemas[name] = hoist(schema, schemas);
  return Object.fromEntries(
    Object.entries(rest).map(([name, value]) => [
      name,
      name === '$ref'
        ? String(value).replace('#/$defs/', '#/components/schemas/')
        : hoist(value, schemas),
    ]),
  );
}

function operation(route: Route, workflows: readonly ServedWorkflow[]): Json {
  return {
    operationId: route.id,
    summary: route.summary,
    ...(route.role === 'open' ? { security: [] } : { security: [{ token: [] }, {}] }),
    ...(route.role === 'open' ? {} : { 'x-role': route.role }),
    parameters: [
      ...parametersOf(route.params, 'path'),
      ...parametersOf(route.query, 'query'),
      ...Object.entries(route.headers).map(([name, description]) => ({
        name,
        in: 'header',
        required: false,
        description,
        schema: { type: 'string' },
      })),
    ],
    ...(route.body === null ? {} : { requestBody: bodyOf(route.body, workflows) }),
    responses: {
      ...Object.fromEntries(
        Object.entries(route.answers).map(([status, answer]) => [status, responseOf(answer)]),
      ),
      default: responseOf(anyOther),
    },
  };
}

const anyOther: Answer = {
  description: 'Whatever else keeps it from being answered, by its `status` and `code`.',
  schema: problemShape,
  mediaType: problemMediaType,
};

const object = z.looseObject({
  properties: z
    .record(z.string(), z.looseObject({ description: z.string().optional() }))
    .default({}),
  required: z.array(z.string()).default([]),
});

/** OpenAPI has the schemas themselves, without a name of their dialect. */
function schemaOf(schema: z.ZodType, io: 'input' | 'output'): Json {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: 'any' });
  return rest;
}

function parametersOf(schema: z.ZodType, place: 'path' | 'query'): Json[] {
  const { properties, required } = object.parse(schemaOf(schema, 'input'));
  return Object.entries(properties).map(([name, { description, ...rest }]) => ({
    name,
    in: place,
    required: place === 'path' || required.includes(name),
    ...(description === undefined ? {} : { description }),
    schema: rest,
  }));
}

const ofWorkflow = z.looseObject({ inputs: z.array(z.string()) });

/** Where a body names a workflow, its input is that of the workflow. */
function bodyOf(body: z.ZodType, workflows: readonly ServedWorkflow[]): Json {
  const schema = schemaOf(body, 'input');
  const named = ofWorkflow.safeParse(schema).data;
  if (named === undefined) return { required: true, content: jsonContent(schema) };
  // What is shared is of the input alone, in place of which each has its own.
  const { $defs: _, inputs: __, properties, ...rest } = object.parse(schema);
  const each = workflows.map(({ name, request }) => ({
    ...rest,
    title: name,
    properties: { ...properties, workflow: { const: name }, input: schemaOf(request, 'input') },
  }));
  return { required: true, content: jsonContent({ oneOf: each }) };
}

function responseOf({ description, mediaType = 'application/json', schema }: Answer): Json {
  if (schema === null) return { description };
  return { description, content: { [mediaType]: { schema: schemaOf(schema, 'output') } } };
}

const jsonContent = (schema: Json): Json => ({ 'application/json': { schema } });
