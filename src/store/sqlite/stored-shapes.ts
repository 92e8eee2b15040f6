import { z } from 'zod';

// What is read from the file is checked before it is believed; unknown fields are kept.

const storedEvent = z.looseObject({ type: z.string() });

const timers = z.array(z.object({ id: z.string(), dueAtEpochMs: z.number(), event: storedEvent }));

const artefacts = z.array(
  z.object({ kind: z.string(), host: z.string(), path: z.string(), status: z.string() }),
);

const progress = z.object({
  stream: z.string(),
  processedBytes: z.number(),
  totalBytes: z.number(),
  remainingBytes: z.number(),
  bytesPerS: z.number().nullable(),
});

const answer = z.discriminatedUnion('accepted', [
  z.object({ accepted: z.literal(true) }),
  z.object({ accepted: z.literal(false), reason: z.string(), allowed: z.array(z.string()) }),
]);

const failure = z.object({
  code: z.string(),
  message: z.string(),
  effect: z.enum(['none', 'done', 'unknown']),
  libvirt: z.object({ code: z.number(), domain: z.number() }).exactOptional(),
});

const entries = z.record(z.string(), z.number());
const names = z.array(z.string());

/** The shapes of what the store keeps as JSON. Each throws what zod throws. */
export const stored = {
  event: (value: unknown) => storedEvent.parse(value),
  timers: (value: unknown) => timers.parse(value),
  artefacts: (value: unknown) => artefacts.parse(value),
  progress: (value: unknown) => progress.parse(value),
  answer: (value: unknown) => answer.parse(value),
  failure: (value: unknown) => failure.parse(value),
  entries: (value: unknown) => entries.parse(value),
  names: (value: unknown) => names.parse(value),
  snapshot: (value: unknown) => value,
};
