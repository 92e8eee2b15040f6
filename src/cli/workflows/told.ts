import { z } from 'zod';

import { formatBytes, formatPause, oneLine } from '../display/quantities.ts';

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
  merged: z
    .array(z.looseObject({ targetDev: z.string(), top: z.string(), base: z.string().nullable() }))
    .optional(),
  removed: z.array(z.string()).optional(),
  left: z.array(z.looseObject({ path: z.string(), why: z.string() })).optional(),
  keptAs: z.string().nullable().optional(),
  notes: z.array(z.string()).optional(),
});

const mergedWords = {
  commit: (top: string, base: string | null) => oneLine(`${top} is in ${base} now`),
  pull: (top: string, base: string | null) =>
    oneLine(`${top} ${base === null ? 'holds all by itself' : `lies on ${base}`} now`),
};

const line = (label: string, words: string): string => `  ${label.padEnd(13)}${words}`;

/** @param how which way layers were merged, where they were */
export function toldLines(
  told: Readonly<Record<string, unknown>>,
  how: 'commit' | 'pull' = 'commit',
): string[] {
  const parsed = tellable.safeParse(told).data ?? {};
  const { consistency, outageMs, frozenMs, images = [], keptAs = null } = parsed;
  const { left = [], merged = [], notes = [], removed = [] } = parsed;
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
    ...(outageMs === undefined || outageMs === null ? [] : [line('outage', formatPause(outageMs))]),
    ...(frozenMs === undefined || frozenMs === null ? [] : [line('frozen', formatPause(frozenMs))]),
    ...merged.map(({ base, targetDev, top }) => line(targetDev, mergedWords[how](top, base))),
    ...removed.map((path) => line('removed', oneLine(path))),
    ...left.map(({ path, why }) => line('left', oneLine(`${path}: ${why}`))),
    ...(keptAs === null ? [] : [line('kept', oneLine(`the state before, as snapshot ${keptAs}`))]),
    ...notes.map((note) => line('note', oneLine(note))),
  ];
}
