import { describe, expect, test } from 'vitest';

import type { LiveMigrationOutput } from '../../machines/index.ts';
import { crashedMigration } from '../support/crashed-migration.ts';
import { privateGuest, sharedGuest } from '../support/simulated-migration.ts';

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
    const { output, world } = await crashedMigration({ state });
    expect(output).toMatchObject({ outcome: 'completed', failure: null });
    expect(world.listing().map(({ domains }) => domains.length)).toEqual([0, 1]);
    expect(namesIn(output)).toEqual(order.slice(0, namesIn(output).length));
  });

  test.each(phases)('and ended while nobody drove (%s) is looked at', async (state) => {
    const { diedAtEpochMs, output } = await crashedMigration({ state, awayMs: 3_600_000 });
    expect(output).toMatchObject({ outcome: 'completed', failure: null });
    // Nothing is dated into the time in which nobody watched.
    for (const { atEpochMs, evidence, phase } of output.phases) {
      const since = atEpochMs - diedAtEpochMs;
      expect(since <= 0 || since >= 3_600_000, `${phase} ${evidence}`).toBe(true);
    }
  });

  test('whose end was watched has the downtime that it had', async () => {
    const { output, spans } = await crashedMigration({ state: 'perform3.precopying' });
    const [here, there] = spans;
    const downtimeMs = (there?.fromEpochMs ?? 0) - (here?.toEpochMs ?? 0);
    expect(output.downtimeMs).not.toBeNull();
    expect(Math.abs((output.downtimeMs ?? 0) - downtimeMs)).toBeLessThan(5);
  });

  test('whose end nobody watched has none that is known', async () => {
    const { output } = await crashedMigration({ state: 'perform3.precopying', awayMs: 60_000 });
    expect(output.downtimeMs).toBeNull();
    expect(namesIn(output)).toContain('FINISH3');
  });

  test.each([true, false])(
    'and that fails meanwhile is back (definition: %s), and nothing was lost',
    async (persistent) => {
      const faults = [{ at: { phase: 'perform3', afterMs: 1_500 }, do: 'breakStream' }] as const;
      const { output, world } = await crashedMigration({
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
    const { output, spans } = await crashedMigration({
      state: 'precopying',
      faults,
      guest: privateGuest,
    });
    expect(output).toMatchObject({ outcome: 'needsOperator', failure: { code: 'splitBrain' } });
    const again = spans.filter(({ host }) => host === 'hostA').at(-1);
    const bothMs = (again?.toEpochMs ?? Infinity) - (again?.fromEpochMs ?? 0);
    expect(bothMs).toBeLessThan(2_000);
  });

  test('that was never asked for is not asked for again', async () => {
    const { output, world } = await crashedMigration({ state: 'phases.requesting' });
    expect(['completed', 'rolledBack']).toContain(output.outcome);
    const moved = output.outcome === 'completed';
    expect(world.listing().map(({ domains }) => domains.length)).toEqual(moved ? [0, 1] : [1, 0]);
  });
});
