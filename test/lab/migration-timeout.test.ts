import { expect, test } from 'vitest';

import {
  expectAsBefore,
  expectMoved,
  expectTicksContinuous,
  useLab,
} from '../support/lab-migration.ts';
import { patient } from '../../machines/policy/migration/convergence-presets.ts';
import { describeLab } from '../support/needs.ts';

/** Pages are written faster than this link carries them: precopy alone never ends. */
const tooSlow = '60mbit';

describeLab('a link that is too slow for the guest', () => {
  const stage = useLab('timeout');

  test('is given up when the time budget says abort', async () => {
    const guest = await stage.lab.guest('guest', {
      on: 'hostA',
      storage: 'shared',
      dirtyMiBPerS: 40,
    });
    await stage.lab.host('hostA').setRate(tooSlow);
    const before = await stage.lab.listing();
    const migration = stage.migrate(guest, {
      from: 'hostA',
      to: 'hostB',
      input: {
        convergence: { ...patient, budget: { baseMs: 6000, msPerGib: 0 }, onBudget: 'abort' },
      },
    });
    const output = await migration.end();
    expect(output).toMatchObject({
      outcome: 'rolledBack',
      failure: { code: 'timeBudgetExceeded' },
    });
    await expectAsBefore(stage.lab, before);
    await expectTicksContinuous(guest);
  });

  test('is crossed with the guest at rest when the budget says force', async () => {
    const guest = await stage.lab.guest('guest', {
      on: 'hostA',
      storage: 'shared',
      dirtyMiBPerS: 40,
    });
    await stage.lab.host('hostA').setRate(tooSlow);
    const migration = stage.migrate(guest, {
      from: 'hostA',
      to: 'hostB',
      input: {
        convergence: {
          ...patient,
          budget: { baseMs: 6000, msPerGib: 0 },
          onBudget: 'forceComplete',
        },
      },
    });
    const output = await migration.end();
    expect(output).toMatchObject({ outcome: 'completed', failure: null });
    expect(migration.states.map(({ state }) => state)).toContain(
      'migrating.convergence.measures.forced',
    );
    expect(output.downtimeMs).toBeGreaterThan(1000);
    await expectMoved(stage.lab, guest, { from: 'hostA', to: 'hostB' });
    await expectTicksContinuous(guest);
  });
});
