import { expect, test } from 'vitest';

import type { Artefact } from '../../../machines/index.ts';
import { createSimulatedWorld, VirtualClock } from '../../../src/adapters/simulated/index.ts';
import type { VolumeSpec } from '../../../src/adapters/simulated/world-spec.ts';
import { removeVolumes } from '../../../src/bindings/remove-volumes.ts';
import { gib, privateGuest } from '../../support/simulated-migration.ts';

const { signal } = new AbortController();
const path = '/images/guest.img';
const volumes = [{ kind: 'volume', host: 'simulated:///hostB', path, status: 'expected' }] as const;
const old = { ...volumes[0], path: '/images/old.img', status: 'unwanted' } as const;

const clone: VolumeSpec = {
  path: '/images/clone.qcow2',
  capacityBytes: 1024,
  format: 'qcow2',
  backingPath: path,
};

/** A destination on which another guest stands that keeps its disk where ours would have come to lie. */
function stage(volumesThere: readonly VolumeSpec[] = []) {
  const clock = new VirtualClock({ startEpochMs: 0, pace: 'asFastAsPossible' });
  const pool = { name: 'images', targetPath: '/images', capacityBytes: gib };
  const world = createSimulatedWorld({
    seed: 1,
    clock,
    hosts: [
      { name: 'hostA', pools: [pool] },
      { name: 'hostB', pools: [{ ...pool, volumes: volumesThere }] },
    ],
    domains: [{ ...privateGuest, name: 'other', host: 'hostB' }],
    link: { bandwidthBytesPerS: 1 },
    faults: [],
  });
  const [other] = world.listing().flatMap(({ domains }) => domains);
  const remove = (domainUuid: string, unwanted: readonly Artefact[] = volumes) =>
    clock.run(removeVolumes(world.hypervisors, { domainUuid, volumes: unwanted }, { signal }));
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

test('a volume that another one is a layer over is left alone, whosever disk that is', async () => {
  const { remove, left, ownerUuid } = stage([clone]);
  expect(await remove(ownerUuid)).toEqual({ removed: [] });
  expect(left()).toHaveLength(2);
});

test('a disk of the source that an earlier try has deleted counts as removed', async () => {
  const { remove, ownerUuid } = stage();
  expect(await remove(ownerUuid, [old])).toEqual({ removed: [old.path] });
});

test('a disk of the source in a pool that cannot tell does not', async () => {
  const { remove, ownerUuid } = stage();
  const elsewhere = { ...old, path: '/elsewhere/old.img' };
  expect(await remove(ownerUuid, [elsewhere])).toEqual({ removed: [] });
});
