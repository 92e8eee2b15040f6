/** Two measurements of the same work, one right after the other. */
export interface Pair {
  readonly ours: number;
  readonly peer: number;
}

const resamples = 2000;

/** The middle value; of an even number of values the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const [low, high] = [sorted[(sorted.length - 1) >> 1], sorted[sorted.length >> 1]];
  if (low === undefined || high === undefined) throw new Error('no values, no median');
  return (low + high) / 2;
}

/** The value that so many percent of them do not exceed: of the values, the next above. */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const value = sorted[Math.max(0, Math.ceil((sorted.length * percent) / 100) - 1)];
  if (value === undefined) throw new Error('no values, no percentile');
  return value;
}

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** The 95 % interval of a statistic, by bootstrap; the same values give the same interval. */
export function interval95(
  values: readonly number[],
  statistic: (values: readonly number[]) => number = median,
): readonly [number, number] {
  const random = seeded(values.length);
  const found = Array.from({ length: resamples }, () =>
    statistic(values.map(() => values[Math.floor(random() * values.length)] ?? 0)),
  ).toSorted((a, b) => a - b);
  const at = (share: number): number => found[Math.floor(share * (resamples - 1))] ?? 0;
  return [at(0.025), at(0.975)];
}
