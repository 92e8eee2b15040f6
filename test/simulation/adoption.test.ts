import { describe, expect, test } from 'vitest';

import type { LiveMigrationOutput } from '../../machines/index.ts';
import { liveMigrationInput } from '../../machines/index.ts';
import type { DomainSpec, Fault } from '../../src/adapters/simulated/index.ts';
import { createSimulatedWorld } from '../../src/adapters/simulated/index.ts';
import { bindMigrations } from '../../src/bindings/migrations.ts';
import { delay } from '../../src/ports/clock.ts';
import { Engines } from '../support/engines.ts';
import { plainOptions } from '../support/migration-options.ts';
import { MortalProcess } from '../support/mortal-process.ts';
import { gib, mib, privateGuest, sharedGuest } from '../support/simulated-migration.ts';
import { unending } from './scene.ts';

const pools = [{ name: 'images', targetPath: '/images', capacityBytes: gib }];

interface Crash {
  /** The process dies when this state is entered. */
  readonly state: string;
  /** How long nobody drives then. */
  readonly awayMs?: number;
  readonly faults?: readonly Fault[];
  readonly guest?: DomainSpec;
}

/** A migration that the source daemon drives, whose process dies; another one goes on with it. */
async function adopted({ awayMs = 0, faults = [], guest: domain = sharedGuest, state }: Crash) {
  const engines = new Engines();
  const { clock } = engines;
  const world = createSimulatedWorld({
    seed: 1,
    clock,
    hosts: [
      { name: 'hostA', pools },
      { name: 'hostB', pools },
    ],
    domains: [domain],
    // The memory takes four seconds.
    link: { bandwidthBytesPerS: 64 * mib },
    faults,
  });
  const mortal = new MortalProcess(null, () => {
    victim.store.die();
    world.dropClient();
  });
  const victim = engines.seat(bindMigrations(mortal.through(world.hypervisors)));
  victim.engine.on('state.entered', (entered) => {
    if (entered.state.endsWith(state)) void mortal.die();
  });
  const ends = { source: 'simulated:///hostA', destination: 'simulated:///hostB' };
  const options = {
    ...plainOptions,
    destinationConnectUri: ends.destination,
    copyStorage: domain === privateGuest ? ('all' as const) : ('none' as const),
  };
  await victim.engine.start(
    'liveMigration',
    liveMigrationInput({ domain: 'guest', ...ends, options }),
  );
  await clock.run(mortal.died);
  const diedAtEpochMs = clock.nowEpochMs();
  await clock.run(delay(clock, awayMs, unending));
  const heir = engines.seat(bindMigrations(world.hypervisors));
  const [run] = (await heir.engine.recover()).runs;
  if (run === undefined) throw new Error('nothing was left to take over');
  const ending = await clock.run(run.wait());
  if (ending.ended !== 'finished') throw new Error(JSON.stringify(ending));
  const output = ending.output as LiveMigrationOutput;
  const [guest] = world.listing().flatMap(({ domains }) => domains);
  return { world, output, diedAtEpochMs, spans: world.ticks(guest?.uuid ?? '') };
}

const phases = [
  'phases.begin3',
  'phases.prepare',
  'perform3.precopying',
  'perform3.switchingOver',
  'phases.perform3Done',
  'phases.finish3',
  'phases.confirm3',
];
const order = ['BEGIN3', 'PREPARE', 'PERFORM3', 'PERFORM3_DONE', 'FINISH3', 'CONFIRM3'];
const namesIn = ({ phases: seen }: LiveMigrationOutput): string[] => seen.map(({ phase }) => phase);

describe('a migration that the source daemon goes on with', () => {
  test.each(phases)('is found and followed to its end by another process (%s)', async (state) => {
    const { output, world } = await adopted({ state });
    expect(output).toMatchObject({ outcome: 'completed', failure: null });
    expect(world.listing().map(({ domains }) => domains.length)).toEqual([0, 1]);
    expect(namesIn(output)).toEqual(order.slice(0, namesIn(output).length));
  });

  test.each(phases)('and ended while nobody drove (%s) is looked at', async (state) => {
    const { diedAtEpochMs, output } = await adopted({ state, awayMs: 3_600_000 });
    expect(output).toMatchObject({ outcome: 'completed', failure: null });
    // Nothing is dated into the time in which nobody watched.
    for (const { atEpochMs, evidence, phase } of output.phases) {
      const since = atEpochMs - diedAtEpochMs;
      expect(since <= 0 || since >= 3_600_000, `${phase} ${evidence}`).toBe(true);
    }
  });

  test('whose end was watched has the downtime that it had', async () => {
    const { output, spans } = await adopted({ state: 'perform3.precopying' });
    const [here, there] = spans;
    const downtimeMs = (there?.fromEpochMs ?? 0) - (here?.toEpochMs ?? 0);
    expect(output.downtimeMs).not.toBeNull();
    expect(Math.abs((output.downtimeMs ?? 0) - downtimeMs)).toBeLessThan(5);
  });

  test('whose end nobody watched has none that is known', async () => {
    const { output } = await adopted({ state: 'perform3.precopying', awayMs: 60_000 });
    expect(output.downtimeMs).toBeNull();
    expect(namesIn(output)).toContain('FINISH3');
  });

  test.each([true, false])(
    'and that fails meanwhile is back (definition: %s), and nothing was lost',
    async (persistent) => {
      const faults = [{ at: { phase: 'perform3', afterMs: 1_500 }, do: 'breakStream' }] as const;
      const { output, world } = await adopted({
        state: 'precopying',
        faults,
        guest: { ...sharedGuest, persistent },
      });
      expect(output).toMatchObject({
        outcome: 'rolledBack',
        failure: { code: 'interrupted', effect: 'none' },
      });
      expect(world.listing().map(({ domains }) => domains.length)).toEqual([1, 0]);
    },
  );

  test('and that lets two copies run is stopped within two seconds', async () => {
    const faults = [{ at: { phase: 'finish3' }, do: 'cutReplies' }] as const;
    const { output, spans } = await adopted({ state: 'precopying', faults, guest: privateGuest });
    expect(output).toMatchObject({ outcome: 'needsOperator', failure: { code: 'splitBrain' } });
    const again = spans.filter(({ host }) => host === 'hostA').at(-1);
    const bothMs = (again?.toEpochMs ?? Infinity) - (again?.fromEpochMs ?? 0);
    expect(bothMs).toBeLessThan(2_000);
  });

  test('that was never asked for is not asked for again', async () => {
    const { output, world } = await adopted({ state: 'phases.requesting' });
    expect(['completed', 'rolledBack']).toContain(output.outcome);
    const moved = output.outcome === 'completed';
    expect(world.listing().map(({ domains }) => domains.length)).toEqual(moved ? [0, 1] : [1, 0]);
  });
});
