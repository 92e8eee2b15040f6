import type { Point } from './points.ts';
import { sample } from './sample.ts';

/** So many points of the migrations, and of the workflows on one host, are struck again in their recovery. */
const sampled = { migration: 40, oneHost: 40 } as const;
/** Before and after each of the first commits of the recovery. */
const commits = [1, 2, 3];

/** A fixed sample of points whose recovery is killed at its first commits, too. */
export function strikeTwice(points: readonly Point[]): Point[] {
  const chosen = (['migration', 'oneHost'] as const).flatMap((kind) =>
    sample(
      points.filter(({ scenario }) => scenario.kind === kind),
      sampled[kind],
    ),
  );
  return chosen.flatMap((point) =>
    commits.flatMap((commit) =>
      (['before', 'after'] as const).map((when): Point => {
        return { ...point, stops: [...point.stops, { kind: 'commit', commit, when }] };
      }),
    ),
  );
}
