import type { Point } from './points.ts';

const seed = 20_251;

/** So many of these points, in an order of its own; the same each time. */
export function sample(points: readonly Point[], count: number): Point[] {
  let state = seed;
  const left = [...points];
  const chosen: Point[] = [];
  while (chosen.length < count && left.length > 0) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fff_ffff;
    chosen.push(...left.splice(state % left.length, 1));
  }
  return chosen;
}

/** The same share of every way. */
export function sampleEach(points: readonly Point[], share: number): Point[] {
  const ways = [...Map.groupBy(points, ({ scenario }) => scenario).values()];
  return ways.flatMap((of) => sample(of, Math.ceil(of.length * share)));
}
