import { z } from 'zod';

import type { SwapOrder } from '../../../machines/index.ts';
import type { DiskSource } from '../../ports/disk-source.ts';
import { diskSource, disksMax, sectorBytes } from '../../requests/disk-source.ts';
import { oneLine } from '../display/quantities.ts';
import { readPlace } from './disk-place.ts';
import { diskName, oneOf } from './option-values.ts';
import { readJsonFile } from './text-file.ts';
import { UsageError } from './usage-error.ts';

const fileBytesMax = 64 * 1_024;

/** What libvirt makes of disks that a guest writes to, and every host has. */
export const volumeFormat = oneOf(['qcow2', 'raw']);
/** A word as it could stand on the command line, or the source in full. */
const place = z.preprocess((given, context) => {
  if (typeof given !== 'string') return given;
  const read = readPlace(given);
  if (read.ok) return read.source;
  context.issues.push({ code: 'custom', message: read.wrong, input: given });
  return z.NEVER;
}, diskSource);

const order = z.strictObject({
  disk: diskName.optional(),
  to: place,
  format: volumeFormat.optional(),
  create: z.boolean().optional(),
  resizeBytes: z
    .int()
    .min(sectorBytes)
    .multipleOf(sectorBytes, `must be a multiple of ${sectorBytes}`)
    .optional(),
});
const orders = z.array(order).min(1, 'is empty: name at least one disk').max(disksMax);

/** What an order says by itself; what it leaves out, the options say. */
export interface SpecifiedOrder {
  readonly targetDev: string;
  readonly to: DiskSource;
  readonly format?: SwapOrder['to']['format'] | undefined;
  readonly create?: boolean | undefined;
  readonly resizeBytes?: number | undefined;
}

/**
 * A FILE.json that `--to` names: the order of one disk, or a list of them.
 *
 * @param disk as the command line names it; `null`: the file does
 * @throws UsageError that names the field
 */
export async function readSwapSpec(
  path: string,
  disk: string | null,
): Promise<readonly SpecifiedOrder[]> {
  const given = await readJsonFile('--to', path, fileBytesMax);
  const isList = Array.isArray(given);
  const parsed = orders.safeParse(isList ? given : [given]);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const [, ...rest] = issue?.path ?? [];
    throw wrongAt(path, isList ? (issue?.path ?? []) : rest, issue?.message ?? 'is wrong');
  }
  return parsed.data.map(({ disk: named = disk, to, ...how }, at) => {
    const where = isList ? [at, 'disk'] : ['disk'];
    if (named === null) throw wrongAt(path, where, 'is missing: name it there, or before --to');
    if (disk !== null && named !== disk)
      throw wrongAt(
        path,
        where,
        `is ${named}, and the command line says ${disk}: name one of them`,
      );
    return { targetDev: named, to, ...how };
  });
}

/** `[1].to.host.port`. */
function wrongAt(path: string, field: readonly PropertyKey[], words: string): UsageError {
  const name = field
    .map((key) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`))
    .join('')
    .replace(/^\./, '');
  return new UsageError(oneLine(`--to ${path}: ${name === '' ? '' : `${name} `}${words}`));
}
