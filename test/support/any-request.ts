import * as fc from 'fast-check';
import { z } from 'zod';

import { eventStreamType } from '../../src/service/sse.ts';
import type { Vocabulary } from './from-schema.ts';
import { fromSchema } from './from-schema.ts';

/** A request as somebody may send it; `operation`: which one of the document it nearly is. */
export interface AnyRequest {
  readonly operation: string | null;
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE' | 'HEAD' | 'OPTIONS' | 'PATCH';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly payload?: string;
}

const content = z.record(z.string(), z.looseObject({ schema: z.unknown() }));
const operation = z.looseObject({
  operationId: z.string(),
  parameters: z.array(
    z.looseObject({
      name: z.string(),
      in: z.enum(['path', 'query', 'header']),
      required: z.boolean(),
      schema: z.unknown(),
    }),
  ),
  requestBody: z.looseObject({ content }).optional(),
  responses: z.record(z.string(), z.looseObject({ content: content.optional() })),
});
type Operation = z.output<typeof operation>;

/** An OpenAPI document, as far as requests are made of it. */
export const documentShape = z.looseObject({
  paths: z.record(z.string(), z.partialRecord(z.enum(['get', 'post']), operation)),
});

/** Texts that have hurt others, among all that there are. */
const text = fc.oneof(
  fc.string({ maxLength: 40, unit: 'grapheme' }),
  fc.string({ maxLength: 40, unit: 'binary' }),
  fc.constantFrom(
    '',
    '__proto__',
    'constructor',
    '../..',
    '%00',
    '\u0000',
    '${x}',
    'simulated:///hostA',
    'x'.repeat(5_000),
  ),
);
const field = fc.oneof(
  text,
  fc.jsonValue(),
  fc.constantFrom(-1, 0, Number.MAX_VALUE, 2 ** 53, null, true),
);
const segment = text.map((one) => encodeURIComponent(one.toWellFormed()));
const printable = fc.string({ maxLength: 30 }).map((one) => one.replaceAll(/[^\x20-\x7e]/g, '?'));
const json = { 'content-type': 'application/json' };

/** The same with a few fields changed, at the top or one below: it reaches further than what fits nowhere. */
function nearly(whole: unknown): fc.Arbitrary<unknown> {
  if (typeof whole !== 'object' || whole === null) return field;
  const name = fc.oneof(fc.constantFrom('', ...Object.keys(whole)), text);
  return fc
    .array(fc.tuple(name, field, fc.boolean()), { minLength: 1, maxLength: 3 })
    .map((changes) => {
      const own = Object.fromEntries(changes.filter(([, , isDeep]) => !isDeep));
      const deep = Object.fromEntries(changes.filter(([, , isDeep]) => isDeep));
      return Object.fromEntries(
        Object.entries({ ...whole, ...own }).map(([key, value]) => [
          key,
          typeof value === 'object' && value !== null ? { ...value, ...deep } : value,
        ]),
      );
    });
}

function bodyOf({ requestBody }: Operation, words: Vocabulary): fc.Arbitrary<string> | null {
  const told = requestBody?.content['application/json'];
  if (told === undefined) return null;
  const fitting = fromSchema(told.schema, words);
  return fc.oneof(
    { weight: 5, arbitrary: fitting.map((one) => JSON.stringify(one)) },
    { weight: 4, arbitrary: fitting.chain(nearly).map((one) => JSON.stringify(one)) },
    { weight: 1, arbitrary: fc.oneof(fc.json(), text) },
  );
}

/** One value for each parameter in that place; it may be a wild one, and be left out where it may. */
function parametersOf(
  { parameters }: Operation,
  place: 'path' | 'query' | 'header',
  wild: fc.Arbitrary<string>,
  words: Vocabulary,
): fc.Arbitrary<Partial<Record<string, string>>> {
  const own = parameters.filter((one) => one.in === place);
  const values = own.map(({ name, schema }) => {
    const fitting = fromSchema(schema, words, name).map(String);
    return [
      name,
      fc.oneof({ weight: 2, arbitrary: fitting }, { weight: 1, arbitrary: wild }),
    ] as const;
  });
  const requiredKeys = own.filter(({ required }) => required).map(({ name }) => name);
  return fc.record(Object.fromEntries(values), { requiredKeys });
}

const queryText = (query: Partial<Record<string, string>>): string =>
  Object.entries(query)
    .map(([name, value = '']) => `${name}=${encodeURIComponent(value.toWellFormed())}`)
    .join('&');

function requestsOf(
  told: Operation,
  {
    method,
    path,
    words,
  }: { readonly method: 'get' | 'post'; readonly path: string; readonly words: Vocabulary },
): fc.Arbitrary<AnyRequest> {
  const body = bodyOf(told, words);
  return fc
    .record({
      params: parametersOf(told, 'path', text, words),
      query: parametersOf(told, 'query', text, words),
      headers: parametersOf(told, 'header', printable, words),
      payload: body ?? fc.constant(null),
    })
    .map(({ headers, params, payload, query }) => {
      const where = path.replaceAll(/\{(\w+)\}/g, (_, name: string) =>
        encodeURIComponent((params[name] ?? '').toWellFormed()),
      );
      const own = Object.entries(headers).flatMap(([name, value]) =>
        value === undefined ? [] : [[name.toLowerCase(), value.replaceAll(/[^\x20-\x7e]/g, '?')]],
      );
      return {
        operation: told.operationId,
        method: method === 'get' ? ('GET' as const) : ('POST' as const),
        url: `${where}?${queryText(query)}`,
        headers: { ...Object.fromEntries(own), ...(payload === null ? {} : json) },
        ...(payload === null ? {} : { payload }),
      };
    });
}

const wild: fc.Arbitrary<AnyRequest> = fc
  .record({
    method: fc.constantFrom('GET', 'POST', 'PUT', 'DELETE', 'HEAD', 'OPTIONS', 'PATCH'),
    path: fc.oneof(
      fc.constantFrom('/v1/runs', '/v1/checks', '/v1/machines', '/metrics', '/inspector/page.js'),
      segment.map((id) => `/v1/runs/${id}`),
      fc.array(segment, { maxLength: 4 }).map((parts) => `/${parts.join('/')}`),
    ),
    headers: fc.record(
      {
        'content-type': fc.oneof(fc.constant('application/json'), printable),
        origin: printable,
        authorization: printable,
        accept: printable,
      },
      { requiredKeys: [] },
    ),
    body: fc.oneof(fc.json(), text),
  })
  .map(({ body, headers, method, path }) => ({
    operation: null,
    method,
    url: path,
    headers: { ...json, ...headers },
    ...(method === 'GET' || method === 'HEAD' ? {} : { payload: body }),
  }));

/**
 * Requests to each operation of an OpenAPI document that fit it, that nearly do, and those that fit
 * nothing.
 *
 * @param words what is there to be found, by the name of the field
 * @param ended the same for operations whose answer lasts until a run ends
 */
export function anyRequest(
  { paths }: z.output<typeof documentShape>,
  words: Vocabulary,
  ended: Vocabulary,
): fc.Arbitrary<AnyRequest> {
  const each = Object.entries(paths).flatMap(([path, methods]) =>
    (['get', 'post'] as const).flatMap((method) => {
      const told = methods[method];
      if (told === undefined) return [];
      const isStream = told.responses['200']?.content?.[eventStreamType] !== undefined;
      const given = { method, path, words: isStream ? { ...words, ...ended } : words };
      // What takes a body has the most to be got wrong.
      return [
        { weight: told.requestBody === undefined ? 2 : 6, arbitrary: requestsOf(told, given) },
      ];
    }),
  );
  return fc.oneof({ weight: 6, arbitrary: wild }, ...each);
}
