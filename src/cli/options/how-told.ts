import { z } from 'zod';

import { flag } from './option-values.ts';
import { readOptions } from './read-options.ts';

const inspector = /^wss?:\/\/[^/\s]+(\/\S*)?$/i;

const toldOptions = z.object({
  quiet: flag,
  inspect: z
    .string()
    .refine((uri) => inspector.test(uri) && URL.canParse(uri), {
      error: ({ input }) =>
        `${JSON.stringify(input)} is no address of an inspector: give ws://HOST:PORT or wss://HOST`,
    })
    .optional(),
});

/** To whom a run is told, and how much of it. @throws UsageError */
export function readHowTold(options: Record<string, unknown>): {
  readonly isQuiet: boolean;
  readonly inspectUri?: string;
} {
  const { inspect, quiet } = readOptions(toldOptions, options);
  return { isQuiet: quiet, ...(inspect === undefined ? {} : { inspectUri: inspect }) };
}
