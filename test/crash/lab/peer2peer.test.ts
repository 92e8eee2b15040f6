import { expect, test } from 'vitest';

import { expectMoved, expectTicksContinuous } from '../../support/lab-migration.ts';
import { describeLab } from '../../support/needs.ts';
import type { Phases } from './use-crashes.ts';
import { fast, slow, useCrashes } from './use-crashes.ts';

/**
 * Each phase by the daemons' own status files, and who is stopped so that it lasts. The source goes on
 * by itself when we are gone, so that every case ends with the guest on the destination.
 */
const points = {
  'BEGIN3 and PREPARE': { phases: ['begin3', 'prepare'], stops: 'hostA' },
  PERFORM3: { phases: ['perform3', 'prepare'], stops: null },
  PERFORM3_DONE: { phases: ['perform3_done', 'prepare'], stops: 'hostB' },
  FINISH3: { phases: ['perform3_done', 'finish3'], stops: 'hostB' },
  CONFIRM3: { phases: ['confirm3', 'none'], stops: 'hostA' },
} as const satisfies Readonly<Record<string, { phases: Phases; stops: 'hostA' | 'hostB' | null }>>;

describeLab('SIGKILL of our own process, the source daemon drives', () => {
  const crashes = useCrashes('crash-p2p');
  const there = { from: 'hostA', to: 'hostB' };

  test.for(Object.entries(points))('in %s', async ([point, { phases, stops }]) => {
    const { stage } = crashes;
    const guest = await stage.lab.guest('guest', { on: 'hostA', storage: 'shared' });
    const source = stage.lab.host('hostA');
    const isSlow = point.startsWith('PERFORM3');
    if (isSlow) await source.setRate(slow);
    const stopped = stops === null ? null : stage.lab.host(stops);
    const { output } = await crashes.kill({
      machine: 'peer2peer-migration',
      point,
      guest,
      phases,
      reach: async (engine) => {
        if (point === 'PERFORM3_DONE') {
          await engine.entered('perform3.precopying');
          await stopped?.sigstop();
          await source.setRate(fast);
          await crashes.untilPhases(phases);
          return;
        }
        await crashes.untilPhases(phases);
        await stopped?.sigstop();
      },
      release: async () => {
        await stopped?.sigcont();
        if (isSlow) await source.setRate(fast);
      },
    });
    expect(output).toMatchObject({ outcome: 'completed', failure: null });
    await expectMoved(stage.lab, guest, there);
    await expectTicksContinuous(guest);
  });
});
