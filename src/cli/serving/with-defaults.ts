import { z } from 'zod';

const object = z.record(z.string(), z.unknown());

/** What was asked, with defaults for what was left out; objects within are filled in the same way. */
export function withDefaults(asked: unknown, defaults: Readonly<Record<string, unknown>>): unknown {
  const given = object.safeParse(asked);
  if (!given.success) return asked;
  const filled: Record<string, unknown> = { ...given.data };
  for (const [name, value] of Object.entries(defaults)) {
    const inner = object.safeParse(value);
    if (!Object.hasOwn(filled, name)) filled[name] = value;
    else if (inner.success) filled[name] = withDefaults(filled[name], inner.data);
  }
  return filled;
}
