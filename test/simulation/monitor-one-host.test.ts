import { expect, test } from 'vitest';

import { coldSnapshotInput } from '../../machines/index.ts';
import { bindColdSnapshot } from '../../src/bindings/cold-snapshot.ts';
import type { Hypervisor } from '../../src/ports/hypervisor.ts';
import { monitorInvariants, takePicture } from '../../src/testing/index.ts';
import { coldGuest } from '../support/simulated-cold.ts';
import { hostUri, openSimulatedHost, uuid } from '../support/simulated-host.ts';

const unending = new AbortController().signal;

/** Rules that a cold snapshot breaks during which somebody else does that; only the ports are looked at. */
async function brokenWith(meddle: (hand: Hypervisor) => Promise<unknown>): Promise<string[]> {
  const { clock, engines, hand, world } = await openSimulatedHost({}, coldGuest);
  const { hypervisors } = world;
  const places = { hypervisors, hosts: [hostUri], clock, asksAgent: true };
  const before = await clock.run(takePicture({ ...places, domain: 'guest' }, unending));
  const { engine } = engines.seat([bindColdSnapshot(hypervisors)]);
  const monitor = monitorInvariants({ ...places, before, events: engine });
  const asked = { domain: 'guest', host: hostUri, directory: '/backup', fileName: 'image.qcow2' };
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
