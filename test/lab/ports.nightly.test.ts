import { test } from 'vitest';

import { useLab } from '../support/lab-migration.ts';
import { describeLab } from '../support/needs.ts';
import { expectStreams, streamPlaces } from '../support/stream-places.ts';

describeLab('the addresses of the streams, every choice', () => {
  const stage = useLab('portsall');

  test.for(streamPlaces.filter(({ isDaily }) => !isDaily))('$protocol: $what', (place) =>
    expectStreams(stage, place),
  );
});
