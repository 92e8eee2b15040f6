import { test } from 'vitest';

import { describeLab } from '../../support/needs.ts';
import { directPoints, killDirect, killOffline, nameOf, offlinePoints } from './client-driven.ts';
import { useCrashes } from './use-crashes.ts';

const named = <Point extends (typeof directPoints)[number]>(points: readonly Point[]) =>
  points.map((point) => ({ name: nameOf(point), point }));

describeLab('SIGKILL of our own process, which drives, everywhere', () => {
  const crashes = useCrashes('crash-night');

  test.for(named(directPoints))('direct: $name', ({ point }) => killDirect(crashes, point));
  test.for(named(offlinePoints))('offline: $name', ({ point }) => killOffline(crashes, point));
});
