import { expect, test } from 'vitest';

import type { LabHost, MigrationLogEntry } from '../../lab/index.ts';
import type { Milestone } from '../../machines/policy/migration/phases.ts';
import type { ProtocolContext } from '../../machines/policy/migration/protocol-context.ts';
import type { LabMigration } from '../support/lab-migration.ts';
import { useLab } from '../support/lab-migration.ts';
import { describeLab } from '../support/needs.ts';

const everyPhase = ['BEGIN3', 'PREPARE', 'PERFORM3', 'PERFORM3_DONE', 'FINISH3', 'CONFIRM3'];

/** What both daemons wrote into their own logs, in the order of their clocks. */
async function truthOf(hosts: readonly LabHost[]): Promise<MigrationLogEntry[]> {
  const logs = await Promise.all(hosts.map((host) => host.migrationLog()));
  return logs.flat().toSorted((a, b) => a.atEpochMs - b.atEpochMs);
}

/** When the milestone was seen, by the chart's own record. */
function reachedAt(migration: LabMigration, milestone: Milestone): number {
  const contexts = migration.states.map(({ context }) => context as Partial<ProtocolContext>);
  const reached = contexts.findLast((context) => context.reached !== undefined)?.reached ?? [];
  return reached.find((each) => each.milestone === milestone)?.atEpochMs ?? Infinity;
}

describeLab('the phases that the chart reports', () => {
  const stage = useLab('truth');
  const there = { from: 'hostA', to: 'hostB' };

  test.for([
    { protocol: 'peer2peer', disk: 'private', copyStorage: 'all' },
    { protocol: 'peer2peer', disk: 'shared', copyStorage: 'none' },
    { protocol: 'direct', disk: 'private', copyStorage: 'all' },
    { protocol: 'direct', disk: 'shared', copyStorage: 'none' },
  ] as const)(
    '$protocol: of a guest on a $disk disk are those of the daemons themselves, in order and time',
    async ({ protocol, disk, copyStorage }) => {
      const guest = await stage.lab.guest('guest', { on: 'hostA', storage: disk });
      const hosts = [stage.lab.host('hostA'), stage.lab.host('hostB')];
      const begunAtEpochMs = Date.now();
      const migration = stage.migrate(guest, {
        ...there,
        input: { protocol },
        options: { copyStorage },
      });
      const output = await migration.end();
      expect(output).toMatchObject({ outcome: 'completed', failure: null });

      const truth = (await truthOf(hosts)).filter(({ atEpochMs }) => atEpochMs >= begunAtEpochMs);
      const phases = truth
        .flatMap((entry) =>
          entry.kind === 'phase' && everyPhase.includes(entry.phase.toUpperCase()) ? [entry] : [],
        )
        // A daemon sets CONFIRM3 twice where a client calls it.
        .filter(({ phase }, at, all) => phase !== all[at - 1]?.phase);
      expect(output.phases.map(({ phase }) => phase)).toEqual(
        phases.map(({ phase }) => phase.toUpperCase()),
      );
      const ours = output.phases.find(({ phase }) => phase === 'PERFORM3');
      const theirs = phases.find(({ phase }) => phase === 'perform3');
      expect(ours?.evidence).toBe(protocol === 'direct' ? 'ours' : 'observed');
      const lateMs = (ours?.atEpochMs ?? Infinity) - (theirs?.atEpochMs ?? 0);
      expect(Math.abs(lateMs), 'PERFORM3').toBeLessThan(50);
      const stop = truth.find(
        (entry) => entry.kind === 'status' && entry.status === 'pre-switchover',
      );
      const switchover = reachedAt(migration, 'switchover');
      const stopLateMs = switchover - (stop?.atEpochMs ?? 0);
      expect(Math.abs(stopLateMs), 'switchover').toBeLessThan(50);
    },
  );
});
