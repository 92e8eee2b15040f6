import { z } from 'zod';

import { volumeSwapInput } from '../../machines/index.ts';
import { timeoutSMax } from './bounds.ts';
import { diskSource, disksMax, sectorBytes } from './disk-source.ts';
import type { FindHost } from './fields.ts';
import { commonFields, fields, given, hostField } from './fields.ts';

const order = z.strictObject({
  targetDev: fields.disk,
  to: z.strictObject({ source: diskSource, format: z.enum(['qcow2', 'raw']) }),
  create: z.boolean().default(false),
  resizeBytes: z.int().min(sectorBytes).multipleOf(sectorBytes).nullable().default(null),
});

export const volumeSwapRequest = (find: FindHost) =>
  z
    .strictObject({
      domain: fields.domain,
      host: hostField(find),
      ...commonFields,
      disks: z.array(order).min(1).max(disksMax),
      shallow: z.boolean().optional(),
      oldVolume: z
        .enum(['leave', 'delete', 'confirm'])
        .optional()
        .describe('confirm: the run waits for confirm.requested or undo.requested.'),
      bandwidthMibPerS: fields.bandwidthMibPerS.optional(),
      timeoutMs: z
        .int()
        .min(1)
        .max(timeoutSMax * 1_000)
        .nullish()
        .describe('Until the copies are in step; null: 800 s for each GiB.'),
      stallMs: fields.waitMs.min(2).optional(),
    })
    .transform((asked) => volumeSwapInput(given(asked)));
