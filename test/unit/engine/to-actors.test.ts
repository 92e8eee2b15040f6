import { expect, test } from 'vitest';
import { createActor, setup, toPromise, waitFor } from 'xstate';

import { watchSlot } from '../../../machines/slots.ts';
import { liveMigration, liveMigrationInput, peer2peerMigration } from '../../../machines/index.ts';
import { createSimulatedWorld, VirtualClock } from '../../../src/adapters/simulated/index.ts';
import {
  liveMigrationSlots,
  noLog,
  peer2peerMigrationSlots,
  toActors,
} from '../../../src/index.ts';
import { sharedGuest } from '../../support/simulated-migration.ts';

function stage() {
  const clock = new VirtualClock({ startEpochMs: 0, pace: 'asFastAsPossible' });
  const world = createSimulatedWorld({
    seed: 1,
    clock,
    hosts: [{ name: 'hostA' }, { name: 'hostB' }],
    domains: [sharedGuest],
    link: { bandwidthBytesPerS: 100 * 2 ** 20 },
    faults: [],
  });
  const tools = { clock, log: noLog };
  const protocol = peer2peerMigration.provide({
    actors: toActors(peer2peerMigrationSlots(world.hypervisors), tools),
  });
  const machine = liveMigration.provide({
    actors: {
      ...toActors(liveMigrationSlots(world.hypervisors), tools),
      peer2peerMigration: protocol,
    },
  });
  const migrate = async (domain: string) => {
    const input = liveMigrationInput({
      domain,
      source: 'simulated:///hostA',
      destination: 'simulated:///hostB',
      options: { unsafe: true, destinationConnectUri: 'simulated:///hostB' },
    });
    const actor = createActor(machine, { input });
    actor.start();
    return clock.run(toPromise(actor));
  };
  return { world, migrate, tools };
}

test('the charts run as plain XState actors, without the engine', async () => {
  const { world, migrate } = stage();
  expect(await migrate('guest')).toMatchObject({ outcome: 'completed', failure: null });
  expect(world.listing().map(({ domains }) => domains.length)).toEqual([0, 1]);
});

test('a failure reaches the chart as data', async () => {
  const { migrate } = stage();
  expect(await migrate('nobody')).toMatchObject({
    outcome: 'refused',
    failure: { code: 'domainExists', effect: 'none' },
  });
});

test('a watch that fails later on is an error to the chart, as it is in the engine', async () => {
  const { tools } = stage();
  const watch = {
    kind: 'watch',
    run: () => Promise.reject(new Error('nothing to be seen')),
  } as const;
  const watching = setup({ actors: { look: watchSlot('look') } }).createMachine({
    invoke: { id: 'look', src: 'look', onError: '.blind' },
    initial: 'seeing',
    states: { seeing: {}, blind: {} },
  });
  const actor = createActor(watching.provide({ actors: toActors({ look: watch }, tools) })).start();
  const blind = await waitFor(actor, (snapshot) => snapshot.matches('blind'), { timeout: 1_000 });
  expect(blind.matches('blind')).toBe(true);
});
