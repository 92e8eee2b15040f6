import { expect, test } from 'vitest';

import { useLab } from '../support/lab-migration.ts';
import { expectMostlyInTime } from '../support/in-time.ts';
import { describeLab } from '../support/needs.ts';
import {
  everyPhase,
  expectDowntime,
  expectEntered,
  expectTold,
  tellMigration,
  tells,
} from '../support/phases-migration.ts';

const { arrived, mirroring, postcopyActive, precopying, sent, sentInPostcopy, switchingOver } =
  tells;

describeLab('the phases that the chart reports', () => {
  const stage = useLab('truth');
  const inTime = (play: () => Promise<void>): Promise<void> =>
    expectMostlyInTime(play, () => stage.lab.reset());

  test.for([
    { protocol: 'peer2peer', disk: 'private', copyStorage: 'all', first: [mirroring] },
    { protocol: 'peer2peer', disk: 'shared', copyStorage: 'none', first: [] },
    { protocol: 'direct', disk: 'private', copyStorage: 'all', first: [] },
    { protocol: 'direct', disk: 'shared', copyStorage: 'none', first: [] },
  ] as const)(
    '$protocol: of a guest on a $disk disk are those of daemons and QEMUs, in order and time',
    ({ protocol, disk, copyStorage, first }) =>
      inTime(async () => {
        const { output, states, truths } = await tellMigration(
          stage,
          { storage: disk },
          { input: { protocol }, options: { copyStorage } },
        );
        expect(output).toMatchObject({ outcome: 'completed', failure: null });
        expect(truths.phases.map(({ phase }) => phase)).toEqual(everyPhase);
        expect(output.phases.map(({ phase }) => phase)).toEqual(everyPhase);
        expectEntered(output.phases, truths);
        const last = protocol === 'peer2peer' ? [sent] : [];
        const told = [...first, precopying, switchingOver, ...last, arrived[protocol]];
        expectTold(states, truths, told);
        expectDowntime(output.downtimeMs, truths);
      }),
  );

  test.for([
    { protocol: 'peer2peer', last: [sentInPostcopy] },
    { protocol: 'direct', last: [] },
  ] as const)('$protocol: in post-copy are those of daemons and QEMUs', (way) =>
    inTime(async () => {
      const { protocol, last } = way;
      const { output, states, truths } = await tellMigration(
        stage,
        { storage: 'shared' },
        // Slow before, and as fast as it goes from then on.
        { input: { protocol }, options: { postcopy: true, bandwidthMibPerS: 8 } },
        async (migration) => {
          await migration.entered('perform3.precopying');
          migration.send({ type: 'postcopy.start' });
        },
      );
      expect(output).toMatchObject({ outcome: 'completed', failure: null });
      expect(truths.phases.map(({ phase }) => phase)).toEqual(everyPhase);
      expect(output.phases.map(({ phase }) => phase)).toEqual(everyPhase);
      expectEntered(output.phases, truths);
      expectTold(states, truths, [precopying, switchingOver, ...last, arrived[protocol]]);
      expectTold(states, truths, [postcopyActive, arrived[protocol]]);
      expectDowntime(output.downtimeMs, truths);
    }),
  );
});
