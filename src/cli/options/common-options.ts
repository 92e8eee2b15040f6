import { z } from 'zod';

import type { LogLevel } from '../log.ts';
import type { Style } from '../display/presenters.ts';

/** commander has checked the words already. */
const commonOptions = z.object({
  json: z.literal(true).optional(),
  logLevel: z.enum(['error', 'warn', 'info', 'debug']),
});

/** What every command takes. */
export function readCommonOptions(options: Record<string, unknown>): {
  readonly style: Style;
  readonly logLevel: LogLevel;
} {
  const { json, logLevel } = commonOptions.parse(options);
  return { style: json === true ? 'json' : 'words', logLevel };
}
