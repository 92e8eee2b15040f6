import { z } from 'zod';

const unitsMs = { s: 1_000, min: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const shape = /^(\d{1,6})(s|min|h|d)$/;

/** `30d`, `12h`, `90min`, `45s`, in milliseconds. */
export const timeSpan = z
  .string()
  .regex(shape, {
    error: ({ input }) => `${JSON.stringify(input)} is no span: give one as 30d, 12h, 90min or 45s`,
  })
  .transform((text) => {
    const [, count = '', unit = ''] = shape.exec(text) ?? [];
    return Number(count) * (isUnit(unit) ? unitsMs[unit] : 0);
  });

function isUnit(unit: string): unit is keyof typeof unitsMs {
  return Object.hasOwn(unitsMs, unit);
}
