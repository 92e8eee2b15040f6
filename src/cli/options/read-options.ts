import { z } from 'zod';

import { UsageError } from './usage-error.ts';

/** What commander hands over, by a schema. @throws UsageError in one line, for the first that is wrong */
export function readOptions<Schema extends z.ZodType>(
  schema: Schema,
  options: unknown,
): z.infer<Schema> {
  const parsed = schema.safeParse(options);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const option = String(issue?.path[0] ?? '').replace(
    /[A-Z]/g,
    (letter) => `-${letter.toLowerCase()}`,
  );
  throw new UsageError(`--${option} ${issue?.message ?? 'is wrong'}`);
}

/** What stands on the command line without an option, by its name in the help. @throws UsageError */
export function readArgument<Schema extends z.ZodType>(
  name: string,
  schema: Schema,
  given: unknown,
): z.infer<Schema> {
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;
  throw new UsageError(`${name} ${parsed.error.issues[0]?.message ?? 'is wrong'}`);
}

const domainArgument = z.string().min(1).max(255);

/** @throws UsageError */
export function readDomain(domain: unknown): string {
  const name = domainArgument.safeParse(domain);
  if (name.success) return name.data;
  throw new UsageError('DOMAIN must be a name or a uuid');
}
