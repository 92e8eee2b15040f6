import { z } from 'zod';

import { formatBytes, formatPause, oneLine } from '../display/quantities.ts';

/** What only some machines tell of themselves, and how it is said. */
const tellable = z.looseObject({
  consistency: z.enum(['application', 'filesystem', 'crash']).nullable().optional(),
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
  swapped: z
    .array(
      z.looseObject({
        targetDev: z.string(),
        volume: z.string(),
        format: z.string(),
        oldVolume: z.string(),
        resizedToBytes: z.number().nullable(),
      }),
    )
    .optional(),
  removed: z.array(z.string()).optional(),
  left: z.array(z.looseObject({ path: z.string(), why: z.string() })).optional(),
  keptAs: z.string().nullable().optional(),
  notes: z.array(z.string()).optional(),
});

/** How long the guest stood still, by how that is called. */
const pauses = z.looseObject({
  downtimeMs: z.number().nullish(),
  outageMs: z.number().nullish(),
  frozenMs: z.number().nullish(),
});

/** What was measured, as label and words. */
export function toldPauses(told: unknown): readonly (readonly [label: string, words: string])[] {
  const { downtimeMs, frozenMs, outageMs } = pauses.safeParse(told).data ?? {};
  const measured = { downtime: downtimeMs, outage: outageMs, frozen: frozenMs };
  return Object.entries(measured).flatMap(([label, ms]) =>
    typeof ms === 'number' ? [[label, formatPause(ms)] as const] : [],
  );
}

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
  const { consistency, images = [], keptAs = null } = parsed;
  const { left = [], merged = [], notes = [], removed = [], swapped = [] } = parsed;
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
    ...toldPauses(told).map(([label, words]) => line(label, words)),
    ...merged.map(({ base, targetDev, top }) => line(targetDev, mergedWords[how](top, base))),
    ...swapped.map(({ format, oldVolume, resizedToBytes, targetDev, volume }) => {
      const size = resizedToBytes === null ? '' : `, ${formatBytes(resizedToBytes)} now`;
      return line(targetDev, oneLine(`${volume} (${format}${size}); before: ${oldVolume}`));
    }),
    ...removed.map((path) => line('removed', oneLine(path))),
    ...left.map(({ path, why }) => line('left', oneLine(`${path}: ${why}`))),
    ...(keptAs === null ? [] : [line('kept', oneLine(`the state before, as snapshot ${keptAs}`))]),
    ...notes.map((note) => line('note', oneLine(note))),
  ];
}
