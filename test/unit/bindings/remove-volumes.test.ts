import { expect, test } from 'vitest';

import { createSimulatedWorld, VirtualClock } from '../../../src/adapters/simulated/index.ts';
import { removeVolumes } from '../../../src/bindings/remove-volumes.ts';
import { gib, privateGuest } from '../../support/simulated-migration.ts';

const { signal } = new AbortController();
const path = '/images/guest.img';
const volumes = [{ kind: 'volume', host: 'simulated:///hostB', path, status: 'expected' }] as const;

/** A destination on which another guest stands that keeps its disk where ours would have come to lie. */
function stage() {
  const clock = new VirtualClock({ startEpochMs: 0, pace: 'asFastAsPossible' });
  const pools = [{ name: 'images', targetPath: '/images', capacityBytes: gib }];
  const world = createSimulatedWorld({
    seed: 1,
    clock,
    hosts: [
      { name: 'hostA', pools },
      { name: 'hostB', pools },
    ],
    domains: [{ ...privateGuest, name: 'other', host: 'hostB' }],
    link: { bandwidthBytesPerS: 1 },
    faults: [],
  });
  const [other] = world.listing().flatMap(({ domains }) => domains);
  const remove = (domainUuid: string) =>
    clock.run(removeVolumes(world.hypervisors, { domainUuid, volumes }, { signal }));
  const left = () => world.listing().find(({ name }) => name === 'hostB')?.volumes ?? [];
  return { remove, left, ownerUuid: other?.uuid ?? '' };
}

test('a volume that another guest uses by now is left alone', async () => {
  const { remove, left } = stage();
  expect(await remove('11111111-2222-3333-4444-555555555555')).toEqual({ removed: [] });
  expect(left()).toHaveLength(1);
});

test('a volume that only the migrated guest names is deleted', async () => {
  const { remove, left, ownerUuid } = stage();
  expect(await remove(ownerUuid)).toEqual({ removed: [path] });
  expect(left()).toEqual([]);
});
