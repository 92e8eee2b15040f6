import { expect, test } from 'vitest';

import { coldSnapshotInput } from '../../machines/index.ts';
import { createSimulatedWorld } from '../../src/adapters/simulated/index.ts';
import { bindColdSnapshot } from '../../src/bindings/cold-snapshot.ts';
import { delay } from '../../src/ports/clock.ts';
import type { Hypervisor } from '../../src/ports/hypervisor.ts';
import { monitorInvariants, takePicture } from '../../src/testing/index.ts';
import { Engines } from '../support/engines.ts';
import { coldGuest } from '../support/simulated-cold.ts';
import { gib, mib } from '../support/simulated-migration.ts';

const host = 'simulated:///hostA';
const uuid = coldGuest.uuid ?? '';
const unending = new AbortController().signal;

/** Rules that a cold snapshot breaks during which somebody else does that; only the ports are looked at. */
async function brokenWith(meddle: (hand: Hypervisor) => Promise<unknown>): Promise<string[]> {
  const engines = new Engines();
  const { clock } = engines;
  const world = createSimulatedWorld({
    seed: 1,
    clock,
    hosts: [
      {
        name: 'hostA',
        pools: [{ name: 'images', targetPath: '/images', capacityBytes: 10 * gib }],
        directories: [{ path: '/backup', capacityBytes: 10 * gib }],
      },
    ],
    domains: [coldGuest],
    link: { bandwidthBytesPerS: 100 * mib },
    faults: [],
  });
  const { hypervisors } = world;
  const hand = await hypervisors.open(host, unending);
  await clock.run(delay(clock, 5_000, unending));
  const places = { hypervisors, hosts: [host], clock, asksAgent: true };
  const before = await clock.run(takePicture({ ...places, domain: 'guest' }, unending));
  const { engine } = engines.seat([bindColdSnapshot(hypervisors)]);
  const monitor = monitorInvariants({ ...places, before, events: engine });
  const asked = { domain: 'guest', host, directory: '/backup', fileName: 'image.qcow2' };
  const run = await engine.start('coldSnapshot', coldSnapshotInput(asked));
  await clock.run(run.wait());
  await clock.run(meddle(hand));
  const { violations, unseen } = await clock.run(monitor.settle());
  expect(unseen).toEqual([]);
  return violations.map(({ rule }) => rule);
}

async function takeOut(hand: Hypervisor): Promise<void> {
  const device = (await hand.findDevices(uuid, unending)).find(({ element }) => element === 'rng');
  if (device === undefined) throw new Error('it has no such device');
  const watch = new AbortController();
  const { promise: isOut, resolve } = Promise.withResolvers<void>();
  const watched = hand.watchDomain(
    {
      uuid,
      role: 'alone',
      observe: ({ kind }) => kind === 'deviceRemoved' && resolve(),
      progress: () => undefined,
    },
    watch.signal,
  );
  await hand.detachDevice(uuid, device, unending);
  await isOut;
  watch.abort();
  await watched.catch(() => undefined);
}

test('a cold snapshot leaves a guest in which no rule is broken', async () => {
  expect(await brokenWith(() => Promise.resolve())).toEqual([]);
});

test('a guest that is frozen afterwards is seen where its agent may be asked', async () => {
  expect(await brokenWith((hand) => hand.freeze(uuid, 1_000, unending))).toEqual(['notLeftFrozen']);
});

test('a device that is out afterwards is missed', async () => {
  expect(await brokenWith(takeOut)).toEqual(['devicesBack']);
});
