import { describe, expect, test, vi } from 'vitest';

import type { ConvergencePolicy } from '../../machines/index.ts';
import {
  convergencePresets,
  patient,
} from '../../machines/policy/migration/convergence-presets.ts';
import type { MigrationOptions } from '../../src/index.ts';
import {
  expectAsBefore,
  expectMoved,
  expectTicksContinuous,
  useLab,
} from '../support/lab-migration.ts';
import { describeLab } from '../support/needs.ts';

const there = { from: 'hostA', to: 'hostB' };
const protocols = ['peer2peer', 'direct'] as const;

/** The same policy for a guest whose time runs so many times faster. */
function hastened(policy: ConvergencePolicy, times: number): ConvergencePolicy {
  const { budget, downtime } = policy;
  return {
    ...policy,
    downtime: downtime && { ...downtime, stepMsPerGib: downtime.stepMsPerGib / times },
    budget: budget && { baseMs: budget.baseMs / times, msPerGib: budget.msPerGib / times },
  };
}

describeLab('every way to bring a migration to its end', () => {
  const stage = useLab('converges');
  const hostA = () => stage.lab.host('hostA');

  /** A guest whose changing pages take its link longer than QEMU's 300 ms, under way. */
  const start = async (
    protocol: 'peer2peer' | 'direct',
    convergence: ConvergencePolicy,
    options: Partial<MigrationOptions> = {},
  ) => {
    const guest = await stage.lab.guest('guest', {
      on: 'hostA',
      storage: 'shared',
      dirtyMiBPerS: 40,
    });
    await hostA().setRate('60mbit');
    const before = await stage.lab.listing();
    const migration = stage.migrate(guest, { ...there, input: { protocol, convergence }, options });
    await migration.entered('precopying');
    return { guest, before, migration };
  };
  type Started = Awaited<ReturnType<typeof start>>;

  const completes = async ({ guest, migration }: Started): Promise<void> => {
    expect(await migration.end()).toMatchObject({ outcome: 'completed', failure: null });
    await expectMoved(stage.lab, guest, there);
    await expectTicksContinuous(guest);
  };
  const staysBehind = async ({ before, guest, migration }: Started, code: string) => {
    expect(await migration.end()).toMatchObject({ outcome: 'rolledBack', failure: { code } });
    await expectAsBefore(stage.lab, before);
    await expectTicksContinuous(guest);
  };
  const ask = (command: string): Promise<string> => hostA().virsh([command, 'guest']);
  const downtimeIs = (ms: number) =>
    vi.waitUntil(
      async () => Number.parseInt(await ask('migrate-getmaxdowntime'), 10) === ms,
      40_000,
    );

  describe.each(protocols)('%s', (protocol) => {
    test('a fixed downtime is set at once, and suffices', async () => {
      const downtime = { startMs: 7_000, limitMs: 7_000, steps: 0, stepMsPerGib: 0 };
      const started = await start(protocol, { ...patient, downtime });
      await completes(started);
      const set = started.migration.states.filter((s) => s.state.endsWith('settingDowntime'));
      expect(set).toHaveLength(1);
    });

    test('a ramp rises by its steps', async () => {
      const downtime = { startMs: 30, limitMs: 90, steps: 3, stepMsPerGib: 8_000 };
      const started = await start(protocol, { ...patient, downtime });
      for (const step of [30, 50, 70, 90]) await downtimeIs(step);
      expect(started.migration.abort()).toBe(true);
      await staysBehind(started, 'abortRequested');
    });

    test('a stall is answered by longer pauses, until one suffices', async () => {
      const started = await start(protocol, {
        ...patient,
        // By the clock the next step would come in a quarter of an hour.
        downtime: { startMs: 100, limitMs: 6_100, steps: 3, stepMsPerGib: 900_000 },
        stallPasses: 1,
        onStall: 'raiseDowntime',
      });
      await downtimeIs(100);
      await completes(started);
      const set = started.migration.states.filter((s) => s.state.endsWith('settingDowntime'));
      expect(set.length).toBeGreaterThan(1);
    });

    test('to force it is to go over to post-copy, where that was permitted', async () => {
      const started = await start(protocol, patient, { postcopy: true });
      expect(started.migration.send({ type: 'force.complete' })).toBe(true);
      await started.migration.entered('postcopyActive');
      await completes(started);
    });

    test('auto-converge slows the guest down, and the job tells by how much', async () => {
      const options = { autoConverge: true, autoConvergeInitial: 40, autoConvergeIncrement: 20 };
      const started = await start(protocol, patient, options);
      await vi.waitUntil(
        async () => Number(/throttle:\s*(\d+)/.exec(await ask('domjobinfo'))?.[1] ?? 0) >= 40,
        60_000,
      );
      started.migration.send({ type: 'downtime.set', downtimeMs: 7_000 });
      await completes(started);
    });

    test('a budget that is used up ends it', async () => {
      const budget = { baseMs: 8_000, msPerGib: 0 };
      const started = await start(protocol, { ...patient, budget, onBudget: 'abort' });
      await staysBehind(started, 'timeBudgetExceeded');
    });
  });

  test('must-converge gets there', async () => {
    const { autoConverge, convergence } = convergencePresets['must-converge'];
    await completes(await start('peer2peer', hastened(convergence, 10), { autoConverge }));
  });

  test('gentle raises the pause step by step, and then gives up', async () => {
    const { autoConverge, convergence } = convergencePresets.gentle;
    const started = await start('peer2peer', hastened(convergence, 40), { autoConverge });
    await staysBehind(started, 'timeBudgetExceeded');
    const set = started.migration.states.filter((s) => s.state.endsWith('settingDowntime'));
    expect(set.length).toBeGreaterThan(5);
  });
});
