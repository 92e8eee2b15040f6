import { test } from 'vitest';

import { describeLab } from '../../support/needs.ts';
import { directPoints, killDirect, killOffline, nameOf, offlinePoints } from './client-driven.ts';
import { useCrashes } from './use-crashes.ts';

/** One of each machine; all others are in the nightly suite. */
const direct = directPoints.filter((point) => nameOf(point) === 'after finish');
const offline = offlinePoints.filter((point) => nameOf(point) === 'after prepare');

describeLab('SIGKILL of our own process, which drives', () => {
  const crashes = useCrashes('crash-ours');

  test.for(direct)('direct: $hold.when $hold.call', (point) => killDirect(crashes, point));
  test.for(offline)('offline: $hold.when $hold.call', (point) => killOffline(crashes, point));
});
