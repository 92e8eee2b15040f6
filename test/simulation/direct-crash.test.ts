import { describe, expect, test } from 'vitest';

import { crashedMigration } from '../support/crashed-migration.ts';
import { privateGuest, sharedGuest } from '../support/simulated-migration.ts';

/** Where our process dies, and where the guest is then for ever. */
const points = [
  ['execution.linking', 'rolledBack'],
  ['execution.begin3', 'rolledBack'],
  ['execution.prepare', 'rolledBack'],
  ['perform3.starting', 'rolledBack'],
  ['perform3.precopying', 'rolledBack'],
  ['perform3.switchingOver', 'rolledBack'],
  ['finish3.starting', 'rolledBack'],
  ['finish3.running', 'completed'],
  ['execution.confirm3', 'completed'],
] as const;
const away = [0, 3_600_000];
const transient = { ...sharedGuest, persistent: false };
const cases = points.flatMap(([state, outcome]) =>
  [sharedGuest, transient, privateGuest]
    .filter((guest) => !(guest === transient && state === 'finish3.starting'))
    .flatMap((guest) => away.map((awayMs) => ({ state, outcome, guest, awayMs }))),
);

describe('a migration that we drive, and whose process dies', () => {
  test.each(cases)('in $state, away for $awayMs ms: $outcome', async (crash) => {
    const { output, spans, world } = await crashedMigration({ ...crash, protocol: 'direct' });
    expect(output.outcome, JSON.stringify(output.failure)).toBe(crash.outcome);
    const moved = crash.outcome === 'completed';
    const [here, there] = world.listing();
    const domains = [here, there].map((host) => host?.domains ?? []);
    expect(domains.map(({ length }) => length)).toEqual(moved ? [0, 1] : [1, 0]);
    expect(domains.flat()[0]).toMatchObject({
      state: 'running',
      vcpus: 'running',
      persistent: crash.guest.persistent ?? true,
      job: null,
      claims: [],
    });
    // One copy at a time, on one host after the other.
    for (const [index, { fromEpochMs }] of spans.entries())
      expect(spans[index - 1]?.toEpochMs ?? 0).toBeLessThanOrEqual(fromEpochMs);
    if (!moved) expect(there?.volumes).toEqual([]);
  });

  test('between Finish and its answer, leaves no trace of a transient guest: nobody can know', async () => {
    const crash = { state: 'finish3.starting', guest: transient, protocol: 'direct' } as const;
    const { output, world } = await crashedMigration(crash);
    expect(output).toMatchObject({ outcome: 'needsOperator', failure: { code: 'overtaken' } });
    expect(world.listing()[0]?.domains).toMatchObject([{ state: 'paused' }]);
  });
});
