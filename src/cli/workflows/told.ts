import { z } from 'zod';

import { formatBytes, formatSpan, oneLine } from '../display/quantities.ts';

/** What only some machines tell of themselves, and how it is said. */
const tellable = z.looseObject({
  consistency: z.enum(['application', 'filesystem', 'crash']).nullable().optional(),
  outageMs: z.number().nullable().optional(),
  frozenMs: z.number().nullable().optional(),
  images: z
    .array(
      z.looseObject({
        targetDev: z.string(),
        path: z.string(),
        format: z.string(),
        virtualSizeBytes: z.number(),
      }),
    )
    .optional(),
  notes: z.array(z.string()).optional(),
});

const line = (label: string, words: string): string => `  ${label.padEnd(13)}${words}`;

export function toldLines(told: Readonly<Record<string, unknown>>): string[] {
  const parsed = tellable.safeParse(told).data ?? {};
  const { consistency, outageMs, frozenMs, images = [], notes = [] } = parsed;
  return [
    ...images.map((image) =>
      line(
        image.targetDev,
        `${oneLine(image.path)} (${oneLine(image.format)}, ${formatBytes(image.virtualSizeBytes)})`,
      ),
    ),
    ...(consistency === undefined || consistency === null
      ? []
      : [line('consistency', consistency)]),
    ...(outageMs === undefined || outageMs === null ? [] : [line('outage', formatSpan(outageMs))]),
    ...(frozenMs === undefined || frozenMs === null ? [] : [line('frozen', formatSpan(frozenMs))]),
    ...notes.map((note) => line('note', oneLine(note))),
  ];
}
