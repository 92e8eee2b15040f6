import type { Point } from './points.ts';

/** So many points are struck again while they are recovered. */
const sampled = 40;
const seed = 20_251;
/** Before and after each of the first commits of the recovery. */
const commits = [1, 2, 3];

/** A fixed sample of points whose recovery is killed at its first commits, too. */
export function strikeTwice(points: readonly Point[]): Point[] {
  return sample(points).flatMap((point) =>
    commits.flatMap((commit) =>
      (['before', 'after'] as const).map((when): Point => {
        return { ...point, stops: [...point.stops, { kind: 'commit', commit, when }] };
      }),
    ),
  );
}

/** The same for the same seed. */
function sample(points: readonly Point[]): Point[] {
  let state = seed;
  const left = [...points];
  const chosen: Point[] = [];
  while (chosen.length < sampled && left.length > 0) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fff_ffff;
    chosen.push(...left.splice(state % left.length, 1));
  }
  return chosen;
}
