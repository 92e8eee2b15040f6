import { describe, expect, test } from 'vitest';

import type { LiveMigrationInput, LiveMigrationOutput } from '../../machines/index.ts';
import { liveMigrationInput } from '../../machines/index.ts';
import { createSimulatedWorld, VirtualClock } from '../../src/adapters/simulated/index.ts';
import type { DomainSpec, Fault } from '../../src/adapters/simulated/index.ts';
import { bindMigrations } from '../../src/bindings/migrations.ts';
import { Engine } from '../../src/engine/engine.ts';
import type { Run } from '../../src/engine/run.ts';
import { delay } from '../../src/ports/clock.ts';
import { noLog } from '../../src/ports/log.ts';
import { MemoryStore, SharedMemory } from '../../src/store/memory/index.ts';
import { plainOptions } from '../support/migration-options.ts';
import { gib, mib, sharedGuest } from '../support/simulated-migration.ts';
import { unending } from './scene.ts';

const stale = { run: 'dead', details: { engine: 'hostC:1', sinceEpochMs: 1_699_999_000_000 } };
const shutOff: DomainSpec = { ...sharedGuest, state: 'shutoff' };
const byProtocol = [
  ['peer2peer', sharedGuest, {}],
  ['direct', sharedGuest, { protocol: 'direct' }],
  ['offline', shutOff, { offline: true }],
] as const;

/** One world with as many engines on it as a test wants, each with records of its own. */
class Arena {
  readonly clock = new VirtualClock({ startEpochMs: 1_700_000_000_000, pace: 'asFastAsPossible' });
  readonly world;

  constructor(guest: DomainSpec, faults: readonly Fault[] = []) {
    const pools = [{ name: 'images', targetPath: '/images', capacityBytes: 10 * gib }];
    this.world = createSimulatedWorld({
      seed: 1,
      clock: this.clock,
      hosts: [
        { name: 'hostA', pools },
        { name: 'hostB', pools },
      ],
      domains: [guest],
      link: { bandwidthBytesPerS: 100 * mib },
      faults,
    });
  }

  engine(name: string, memory = new SharedMemory()) {
    const store = new MemoryStore(memory);
    const engine = new Engine({
      store,
      clock: this.clock,
      log: noLog,
      machines: bindMigrations(this.world.hypervisors),
      newRunId: () => `run-of-${name}`,
    });
    return { engine, store };
  }

  start(engine: Engine, input: Partial<LiveMigrationInput> = {}): Promise<Run> {
    const request = liveMigrationInput({
      domain: 'guest',
      source: 'simulated:///hostA',
      destination: 'simulated:///hostB',
      ...input,
      options: plainOptions,
    });
    return engine.start('liveMigration', request);
  }

  async end(run: Run): Promise<LiveMigrationOutput> {
    const ending = await this.clock.run(run.wait());
    if (ending.ended === 'broken') throw new Error(ending.failure.message);
    return ending.output as LiveMigrationOutput;
  }

  /** Runs that claim the guest, wherever it is. */
  get claims(): string[] {
    return this.world
      .listing()
      .flatMap(({ domains }) => domains.flatMap(({ claims }) => [...claims]));
  }
}

describe.each(byProtocol)('a %s migration of a claimed guest', (_, guest, input) => {
  test('is refused, names whose claim it is, and touches nothing', async () => {
    const arena = new Arena({ ...guest, claims: [stale] });
    const before = arena.world.listing();
    const output = await arena.end(await arena.start(arena.engine('a').engine, input));
    expect(output).toMatchObject({ outcome: 'refused', failure: { code: 'claimed' } });
    expect(output.failure?.message).toMatch(
      /run dead of engine hostC:1 since 16 min.+`breakClaims: dead`/,
    );
    expect(arena.world.listing()).toEqual(before);
  });

  test('takes the claim over where that is asked for, and leaves none', async () => {
    const arena = new Arena({ ...guest, claims: [stale] });
    const { engine } = arena.engine('a');
    const output = await arena.end(
      await arena.start(engine, { ...input, breakClaims: [stale.run] }),
    );
    expect(output).toMatchObject({ outcome: 'completed', failure: null });
    expect(arena.claims).toEqual([]);
  });
});

describe.each(byProtocol)('two engines, one guest, %s', (_, guest, input) => {
  test('never both move it, however long the second one waits, and no claim is left', async () => {
    const outcomes = new Set<string>();
    for (let laterMs = 0; laterMs < 24; laterMs += 1) {
      const arena = new Arena(guest);
      const first = await arena.start(arena.engine('first').engine, input);
      await arena.clock.run(delay(arena.clock, laterMs, unending));
      const second = await arena.start(arena.engine('second').engine, input);
      const both = await Promise.all([arena.end(first), arena.end(second)]);
      expect(both.filter(({ outcome }) => outcome === 'completed').length).toBeLessThan(2);
      for (const { outcome } of both) expect(['completed', 'refused']).toContain(outcome);
      expect(arena.claims).toEqual([]);
      outcomes.add(both.map(({ failure }) => failure?.code ?? 'moved').join());
    }
    expect(outcomes).toContain('claimed,claimed');
    expect(outcomes).toContain('moved,claimed');
  });
});

test('a claim that came in vain and went along with the guest is taken away with that of the run', async () => {
  const outcomes = new Set<string>();
  for (let laterMs = 0; laterMs < 24; laterMs += 1) {
    // It is on its way for longer than whoever is refused waits to take its own claim away.
    const arena = new Arena({ ...sharedGuest, memoryBytes: gib }, [
      { at: { call: 'releaseClaim', host: 'hostA' }, do: { slowMs: 2_000 } },
    ]);
    const first = await arena.start(arena.engine('first').engine);
    await arena.clock.run(delay(arena.clock, laterMs, unending));
    const second = await arena.start(arena.engine('second').engine);
    const both = await Promise.all([arena.end(first), arena.end(second)]);
    expect(arena.claims).toEqual([]);
    outcomes.add(
      both
        .map(({ artefacts, outcome }) =>
          [outcome, ...artefacts.map(({ status }) => status)].join(' '),
        )
        .join(),
    );
  }
  expect(outcomes).toContain('completed,refused left');
});

test.each([
  [0, 0],
  [2, 1],
  [3, 1],
])(
  'a process that dies %i ms after it began to claim leaves %i claims, which its run knows as its own',
  async (afterMs, left) => {
    const arena = new Arena(sharedGuest);
    const memory = new SharedMemory();
    const { engine, store } = arena.engine('a', memory);
    const died = Promise.withResolvers<void>();
    engine.on('state.entered', ({ state }) => {
      if (state !== 'claiming') return;
      arena.clock.schedule(arena.clock.nowEpochMs() + afterMs, () => {
        store.die();
        died.resolve();
      });
    });
    await arena.start(engine);
    await arena.clock.run(died.promise);
    expect(arena.claims).toHaveLength(left);
    const { runs, parked } = await arena.clock.run(arena.engine('b', memory).engine.recover());
    expect(parked).toEqual([]);
    const [run] = runs;
    if (run === undefined) throw new Error('nothing was recovered');
    expect(await arena.end(run)).toMatchObject({ outcome: 'completed', artefacts: [] });
    expect(arena.claims).toEqual([]);
  },
);

test('a claim whose reply is lost is taken away again, and nothing is moved', async () => {
  const arena = new Arena(sharedGuest, [
    { at: { call: 'claimDomain', host: 'hostA' }, do: 'loseReply' },
  ]);
  const output = await arena.end(await arena.start(arena.engine('a').engine));
  expect(output).toMatchObject({
    outcome: 'refused',
    failure: { code: 'connectionLost', effect: 'none' },
    artefacts: [],
  });
  expect(arena.claims).toEqual([]);
});

test('a domain that is migrated by somebody else cannot be claimed', async () => {
  const arena = new Arena({ ...sharedGuest, memoryBytes: 8 * gib });
  const run = await arena.start(arena.engine('a').engine);
  await arena.clock.run(delay(arena.clock, 100, unending));
  const hostA = await arena.world.hypervisors.open('simulated:///hostA', unending);
  const uuid = arena.world.listing()[0]?.domains[0]?.uuid ?? '';
  const claim = { run: 'other', engine: 'hostD:1', sinceEpochMs: 0 };
  const claimed = arena.clock.run(hostA.claimDomain(uuid, claim, unending));
  await expect(claimed).rejects.toMatchObject({ failure: { code: 'jobActive', effect: 'none' } });
  expect(await arena.end(run)).toMatchObject({ outcome: 'completed' });
  expect(arena.claims).toEqual([]);
});
