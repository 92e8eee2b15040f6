import { z } from 'zod';

import type { SwapOrder, VolumeSwapInput } from '../../../machines/index.ts';
import { volumeSwapInput } from '../../../machines/index.ts';
import { sectorBytes } from '../../requests/disk-source.ts';
import { readPlace } from './disk-place.ts';
import { oneHostOptions, toOneHostInput } from './one-host-options.ts';
import { diskName, flag, timeoutSMax, wholeNumber } from './option-values.ts';
import { readArgument, readDomain, readOptions } from './read-options.ts';
import type { SpecifiedOrder } from './swap-spec.ts';
import { readSwapSpec, volumeFormat } from './swap-spec.ts';
import { UsageError } from './usage-error.ts';

const unitsBytes = { '': 1, K: 2 ** 10, M: 2 ** 20, G: 2 ** 30, T: 2 ** 40 } as const;
const sizeShape = /^([0-9]{1,16})([KMGT]?)$/;
const isUnit = (unit: string): unit is keyof typeof unitsBytes => Object.hasOwn(unitsBytes, unit);

/** `21474836480`, `20G`. */
const sizeBytes = z
  .string()
  .regex(sizeShape, {
    error: ({ input }) => `${JSON.stringify(input)} is no size: give bytes, or as 512M, 20G, 1T`,
  })
  .transform((text) => {
    const [, count = '', unit = ''] = sizeShape.exec(text) ?? [];
    return Number(count) * (isUnit(unit) ? unitsBytes[unit] : 0);
  })
  .refine((bytes) => bytes >= sectorBytes && bytes % sectorBytes === 0, {
    error: `must be a multiple of ${sectorBytes} bytes, as QEMU takes it`,
  })
  .refine(Number.isSafeInteger, { error: 'is too large' });

const swapOptions = z.object({
  ...oneHostOptions,
  to: z.string().min(1, 'must name the new volume'),
  format: volumeFormat.optional(),
  create: flag,
  resize: sizeBytes.optional(),
  bandwidth: wholeNumber(1, 1_000_000, 'MiB/s').optional(),
  timeout: wholeNumber(1, timeoutSMax, 's').optional(),
  keepOld: flag,
  deleteOld: flag,
  shallow: flag,
});

type Typed = z.infer<typeof swapOptions>;

/**
 * What `virtstate swap` asks of its machine.
 *
 * @param disk left out where FILE.json names it
 * @throws UsageError in one line
 */
export async function readSwap(
  domain: unknown,
  disk: string | undefined,
  options: unknown,
): Promise<VolumeSwapInput> {
  const name = readDomain(domain);
  const targetDev = disk === undefined ? null : readArgument('DISK', diskName, disk);
  const typed = readOptions(swapOptions, options);
  const { bandwidth, deleteOld, keepOld, shallow, timeout } = typed;
  if (keepOld && deleteOld)
    throw new UsageError('--keep-old and --delete-old exclude each other: give one of them');
  const specified = await readOrders(typed, targetDev);
  return volumeSwapInput({
    ...toOneHostInput(name, typed),
    disks: specified.map((order) => toOrder(order, typed)),
    shallow,
    oldVolume: keepOld ? 'confirm' : deleteOld ? 'delete' : 'leave',
    bandwidthMibPerS: bandwidth ?? 0,
    timeoutMs: timeout === undefined ? null : timeout * 1_000,
  });
}

async function readOrders(
  { resize, to }: Typed,
  targetDev: string | null,
): Promise<readonly SpecifiedOrder[]> {
  if (to.endsWith('.json')) {
    const orders = await readSwapSpec(to, targetDev);
    if (resize !== undefined && orders.length > 1)
      throw new UsageError(
        `--resize is of one disk, and ${to} has ${orders.length}: say resizeBytes of each there`,
      );
    return orders;
  }
  if (targetDev === null)
    throw new UsageError('DISK is missing: name it as the guest has it, as vda, or in a FILE.json');
  const place = readPlace(to);
  if (!place.ok) throw new UsageError(`--to ${JSON.stringify(to)} ${place.wrong}`);
  return [{ targetDev, to: place.source }];
}

/** A file is qcow2 where nobody says otherwise; what has no file system below it is raw. */
function toOrder({ to, targetDev, ...own }: SpecifiedOrder, typed: Typed): SwapOrder {
  const usual = to.kind === 'file' ? 'qcow2' : 'raw';
  return {
    targetDev,
    to: { source: to, format: own.format ?? typed.format ?? usual },
    create: own.create ?? typed.create,
    resizeBytes: own.resizeBytes ?? typed.resize ?? null,
  };
}
