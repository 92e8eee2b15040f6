import { z } from 'zod';

import type { MigrationCommand, SwapCommand } from '../../machines/index.ts';
import { bandwidthMibPerSMax, downtimeMsMax } from './bounds.ts';
import { didYouMean } from './nearest.ts';

const kinds = [
  z.strictObject({ type: z.literal('abort.requested') }),
  z.strictObject({
    type: z.literal('bandwidth.set'),
    mibPerS: z.int().min(0).max(bandwidthMibPerSMax).describe('0: unlimited.'),
  }),
  z.strictObject({
    type: z.literal('downtime.set'),
    downtimeMs: z.int().min(1).max(downtimeMsMax),
  }),
  z.strictObject({ type: z.literal('postcopy.start') }),
  z.strictObject({ type: z.literal('force.complete') }),
  z.strictObject({ type: z.literal('postcopy.recover') }),
  z.strictObject({ type: z.literal('postcopy.giveUp') }),
  z.strictObject({ type: z.literal('confirm.requested') }),
  z.strictObject({ type: z.literal('undo.requested') }),
] as const;
/** Types of what may be sent to a run. */
export const runEventTypes = kinds.map(({ shape }) => shape.type.value);

/** What a person or a service may send to a run; whether its machine takes it now is its own word. */
export const runEvent = z.discriminatedUnion('type', kinds, {
  error: ({ input }) => {
    const { type }: { readonly type?: unknown } = Object(input);
    return `is not known; there is ${runEventTypes.join(', ')}${didYouMean(String(type), runEventTypes)}`;
  },
}) satisfies z.ZodType<MigrationCommand | SwapCommand>;
