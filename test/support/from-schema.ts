import * as fc from 'fast-check';
import { z } from 'zod';

/** The words of JSON Schema that zod writes. */
const schema = z.looseObject({
  const: z.unknown().optional(),
  enum: z.array(z.unknown()).optional(),
  anyOf: z.array(z.unknown()).optional(),
  oneOf: z.array(z.unknown()).optional(),
  type: z.union([z.string(), z.array(z.string())]).optional(),
  properties: z.record(z.string(), z.unknown()).default({}),
  required: z.array(z.string()).default([]),
  items: z.unknown().optional(),
  minItems: z.number().default(0),
  pattern: z.string().optional(),
  minLength: z.number().default(0),
  minimum: z.number().default(-1_000),
  maximum: z.number().default(1_000),
});
type Schema = z.output<typeof schema>;

/** Good words for fields of that name, so that what is asked is also there to be found. */
export type Vocabulary = Readonly<Record<string, fc.Arbitrary<unknown>>>;

/** Values that nearly always fit a schema of the OpenAPI document. */
export function fromSchema(
  given: unknown,
  vocabulary: Vocabulary,
  name: string | null = null,
): fc.Arbitrary<unknown> {
  const told = schema.parse(given);
  const good = name === null ? undefined : vocabulary[name];
  const own = shapeOf(told, vocabulary);
  return good === undefined || !mayBeText(told)
    ? own
    : fc.oneof({ weight: 9, arbitrary: good }, own);
}

const mayBeText = ({ anyOf = [], type }: Schema): boolean =>
  type === 'string' || anyOf.some((one) => schema.parse(one).type === 'string');

function shapeOf(told: Schema, vocabulary: Vocabulary): fc.Arbitrary<unknown> {
  if (told.const !== undefined) return fc.constant(told.const);
  if (told.enum !== undefined) return fc.constantFrom(...told.enum);
  const ways = told.anyOf ?? told.oneOf;
  if (ways !== undefined) return fc.oneof(...ways.map((one) => fromSchema(one, vocabulary)));
  const types = [told.type ?? []].flat();
  if (types.length === 0) return fc.jsonValue();
  return fc.oneof(...types.map((type) => ofType(type, told, vocabulary)));
}

/** As a set that can be drawn from. */
const controls = [String.raw`\p{Cc}`, String.raw`\x00-\x1f\x7f-\x9f`] as const;

function ofType(type: string, told: Schema, vocabulary: Vocabulary): fc.Arbitrary<unknown> {
  switch (type) {
    case 'object': {
      const fields = Object.entries(told.properties).map(([name, field]) => {
        return [name, fromSchema(field, vocabulary, name)] as const;
      });
      const { required: requiredKeys } = told;
      const least = fields.filter(([name]) => requiredKeys.includes(name));
      return fc.oneof(
        fc.record(Object.fromEntries(least)),
        fc.record(Object.fromEntries(fields), { requiredKeys }),
      );
    }
    case 'array': {
      const limits = { minLength: told.minItems, maxLength: told.minItems + 2 };
      return fc.array(fromSchema(told.items, vocabulary), limits);
    }
    case 'string':
      return told.pattern === undefined
        ? fc.string({ minLength: told.minLength, maxLength: told.minLength + 20 })
        : fc.stringMatching(new RegExp(told.pattern.replaceAll(...controls)), { size: 'small' });
    case 'integer':
      return fc.integer({ min: told.minimum, max: Math.min(told.maximum, 100_000) });
    case 'number':
      return fc.double({ min: told.minimum, max: told.maximum, noNaN: true });
    case 'boolean':
      return fc.boolean();
    case 'null':
      return fc.constant(null);
    default:
      throw new Error(`no value of type ${type}`);
  }
}
