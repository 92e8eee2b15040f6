import { expect, test } from 'vitest';

import { useLab } from '../support/lab-migration.ts';
import { describeLab } from '../support/needs.ts';
import {
  everyPhase,
  expectDowntime,
  expectEntered,
  expectTold,
  tellMigration,
  tells,
} from '../support/phases-migration.ts';
import { tunnelled, tunnelProtocols } from '../support/tunnels.ts';

const { arrived, precopying, sent, switchingOver } = tells;

describeLab('the phases that the chart reports', () => {
  const stage = useLab('truth-more');

  test.for(tunnelProtocols)('%s: through a tunnel are those of both', async (protocol) => {
    const request = tunnelled(stage.lab, protocol);
    const { output, states, truths } = await tellMigration(stage, { storage: 'shared' }, request);
    expect(output).toMatchObject({ outcome: 'completed', failure: null });
    expect(truths.phases.map(({ phase }) => phase)).toEqual(everyPhase);
    expect(output.phases.map(({ phase }) => phase)).toEqual(everyPhase);
    expectEntered(output.phases, truths);
    const last = protocol === 'peer2peer' ? [sent] : [];
    expectTold(states, truths, [precopying, switchingOver, ...last, arrived[protocol]]);
    expectDowntime(output.downtimeMs, truths);
  });

  test.for(tunnelProtocols)(
    '%s: called off are those that the daemons entered',
    async (protocol) => {
      const { output, states, truths } = await tellMigration(
        stage,
        { storage: 'shared' },
        { input: { protocol }, options: { bandwidthMibPerS: 4 } },
        async (migration) => {
          await migration.entered('perform3.precopying');
          migration.abort();
        },
      );
      expect(output).toMatchObject({ outcome: 'rolledBack', failure: { code: 'abortRequested' } });
      const entered = truths.phases.map(({ phase }) => phase);
      expect(entered).toEqual(expect.arrayContaining(['BEGIN3', 'PREPARE', 'PERFORM3']));
      // The destination's daemon is in FINISH3 as it ends the QEMU that waits: the guest never ran there.
      const reported = entered.filter((phase) => phase !== 'FINISH3');
      expect(output.phases.map(({ phase }) => phase)).toEqual(reported);
      expectEntered(output.phases, truths);
      expectTold(states, truths, [precopying]);
      expect(truths.qemu.map(({ event }) => event)).not.toContain('STOP');
    },
  );
});
