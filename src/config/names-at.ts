import { z } from 'zod';

const node = z.looseObject({
  properties: z.record(z.string(), z.unknown()).optional(),
  additionalProperties: z.unknown().optional(),
  items: z.unknown().optional(),
});

/** Names of the fields that a JSON Schema knows at a place; empty where it lists none. */
export function namesAt(schema: unknown, path: readonly string[]): string[] {
  const { success, data } = node.safeParse(schema);
  if (!success) return [];
  const [step, ...rest] = path;
  if (step === undefined) return Object.keys(data.properties ?? {}).toSorted();
  const inner = data.properties?.[step] ?? data.items ?? data.additionalProperties;
  return namesAt(inner, rest);
}
