import { describe, expect, test } from 'vitest';

import { createSimulatedWorld, VirtualClock } from '../../../src/adapters/simulated/index.ts';
import { directMigrationSlots } from '../../../src/bindings/direct-migration.ts';
import { liveMigrationSlots } from '../../../src/bindings/live-migration.ts';
import { offlineMigrationSlots } from '../../../src/bindings/offline-migration.ts';
import { peer2peerMigrationSlots } from '../../../src/bindings/peer2peer-migration.ts';
import { noLog } from '../../../src/ports/log.ts';
import { sharedGuest } from '../../support/simulated-migration.ts';

const irreversible = [
  'destroySource',
  'destroyHalf',
  'resumeSource',
  'destroyIncoming',
  'undefineOnSource',
  'makeVolume',
  'copyDisk',
] as const;
const host = 'simulated:///hostA';
const { signal } = new AbortController();

/** Runs one effect on a guest of that state; tells what became of the guest. */
async function afterEffect(
  name: 'destroySource' | 'resumeSource' | 'destroyIncoming' | 'undefineOnSource',
  state: 'running' | 'paused' | 'shutoff',
): Promise<string> {
  const clock = new VirtualClock({ startEpochMs: 0, pace: 'asFastAsPossible' });
  const world = createSimulatedWorld({
    seed: 1,
    clock,
    hosts: [{ name: 'hostA' }],
    domains: [{ ...sharedGuest, state }],
    link: { bandwidthBytesPerS: 1 },
    faults: [],
  });
  const guest = () => world.listing()[0]?.domains[0];
  const { hypervisors } = world;
  const slots = { ...liveMigrationSlots(hypervisors), ...peer2peerMigrationSlots(hypervisors) };
  const tools = { signal, clock, key: 'key', report: () => undefined, log: noLog };
  const domainUuid = guest()?.uuid ?? '';
  await clock.run(slots[name].run({ host, domainUuid }, tools));
  const found = guest();
  return found === undefined
    ? 'gone'
    : `${found.state} ${found.persistent ? 'persistent' : 'transient'}`;
}

describe('what nothing brings back', () => {
  test.each([
    ['destroySource', 'running', 'running persistent'],
    ['destroySource', 'paused', 'shutoff persistent'],
    ['resumeSource', 'paused', 'running persistent'],
    ['resumeSource', 'shutoff', 'shutoff persistent'],
    ['undefineOnSource', 'running', 'running persistent'],
    ['undefineOnSource', 'shutoff', 'gone'],
    ['destroyIncoming', 'running', 'running persistent'],
    ['destroyIncoming', 'paused', 'paused persistent'],
  ] as const)('%s on a guest that is %s by now leaves it %s', async (name, state, left) => {
    expect(await afterEffect(name, state)).toBe(left);
  });

  test('is never done again after a crash without a new look', () => {
    const world = {
      open: () => Promise.reject(new Error('no host')),
      linkMigration: () => Promise.reject(new Error('no host')),
      close: () => Promise.resolve(),
    };
    const slots = {
      ...liveMigrationSlots(world),
      ...directMigrationSlots(world),
      ...offlineMigrationSlots(world),
    };
    for (const name of irreversible)
      expect(`${name} ${slots[name].recovery}`).toBe(`${name} unknown`);
  });
});
