import { expect, test } from 'vitest';

import { bindMigrations } from '../../../src/bindings/migrations.ts';
import { Engines } from '../../support/engines.ts';
import { bindNested } from '../../support/nested-machine.ts';
import { replay } from '../../support/replay.ts';
import { migrateSimulated, privateGuest } from '../../support/simulated-migration.ts';
import { bindToy } from '../../support/toy-machine.ts';

test.each([
  ['toy', bindToy({})],
  [
    'outer',
    bindNested(
      () =>
        ({ n }) =>
          Promise.resolve(n + 1),
    ),
  ],
])(
  'the journal of %s leads to its snapshot, and so do those of its children',
  async (name, machines) => {
    const engines = new Engines();
    const { engine, store } = engines.seat(machines);
    const run = await engine.start(name, { n: 1 });
    await engines.clock.run(run.wait());
    const journal = (await store.journal(run.id)) ?? [];
    for (const { record } of await store.family(run.id))
      expect(replay(machines, record, journal)).toEqual(record.snapshot);
  },
);

test.each([
  ['peer2peer', { domain: privateGuest, options: { copyStorage: 'all' } } as const],
  ['direct', { input: { protocol: 'direct' }, options: { postcopy: true } } as const],
  ['aborted', { onState: (_: unknown, stage: { abort: () => boolean }) => void stage.abort() }],
  [
    'offline',
    {
      domain: { ...privateGuest, state: 'shutoff' },
      options: { copyStorage: 'all' },
      input: { offline: true },
    } as const,
  ],
])('the journal of a simulated migration leads to its snapshots: %s', async (_, scenario) => {
  const { runId, store, world } = await migrateSimulated(scenario);
  const machines = bindMigrations(world.hypervisors);
  const journal = (await store.journal(runId)) ?? [];
  const family = await store.family(runId);
  expect(family.length).toBeGreaterThan(0);
  for (const { record } of family)
    expect(replay(machines, record, journal)).toEqual(record.snapshot);
});
