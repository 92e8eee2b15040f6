import { expect, test } from 'vitest';

import type { LabHost } from '../../lab/index.ts';
import { expectAsBefore, expectTicksContinuous, useLab } from '../support/lab-migration.ts';
import { describeLab } from '../support/needs.ts';

/** The phase that the daemon held when it was killed, by its own status file. */
async function phaseHeldBy(host: LabHost, domain: string): Promise<string | null> {
  return (await host.migrationTruth(domain))?.phase ?? null;
}

describeLab('SIGKILL of a libvirtd', () => {
  const stage = useLab('kill');

  test('of the destination in PREPARE: no PERFORM3 is reported', async () => {
    const guest = await stage.lab.guest('guest', { on: 'hostA', fill: '48M' });
    await stage.lab.host('hostA').setRate('100mbit');
    const before = await stage.lab.listing();
    const migration = stage.migrate(guest, {
      from: 'hostA',
      to: 'hostB',
      options: { copyStorage: 'all' },
    });
    await migration.entered('phases.prepare');
    const hostB = stage.lab.host('hostB');
    const phase = await phaseHeldBy(hostB, guest.name);
    await hostB.kill();
    expect(phase).toBe('prepare');
    await migration.entered('cleaningUp.waiting');
    await hostB.start();
    const output = await migration.end();
    expect(output).toMatchObject({ outcome: 'rolledBack', failure: { effect: 'none' } });
    expect(output.phases.map((record) => record.phase)).toEqual(['BEGIN3', 'PREPARE']);
    await expectAsBefore(stage.lab, before);
    await expectTicksContinuous(guest);
  });

  test.for(['perform3.mirroring', 'perform3.precopying'])(
    'of the destination in %s rolls back',
    async (state) => {
      const guest = await stage.lab.guest('guest', { on: 'hostA', fill: '48M' });
      await stage.lab.host('hostA').setRate('100mbit');
      const before = await stage.lab.listing();
      const migration = stage.migrate(guest, {
        from: 'hostA',
        to: 'hostB',
        options: { copyStorage: 'all' },
      });
      await migration.entered(state);
      const phase = await phaseHeldBy(stage.lab.host('hostA'), guest.name);
      await stage.lab.host('hostB').kill();
      expect(phase).toBe('perform3');
      await migration.entered('cleaningUp.waiting');
      await stage.lab.host('hostB').start();
      const output = await migration.end();
      expect(output).toMatchObject({ outcome: 'rolledBack' });
      expect(output.artefacts.map(({ status }) => status)).toEqual(['removed']);
      await expectAsBefore(stage.lab, before);
      await expectTicksContinuous(guest);
    },
  );

  test.for(['perform3.mirroring', 'perform3.precopying'])(
    'of the source in %s rolls back once it is back',
    async (state) => {
      const guest = await stage.lab.guest('guest', { on: 'hostA', fill: '48M' });
      await stage.lab.host('hostA').setRate('100mbit');
      const before = await stage.lab.listing();
      const migration = stage.migrate(guest, {
        from: 'hostA',
        to: 'hostB',
        options: { copyStorage: 'all' },
      });
      await migration.entered(state);
      const phase = await phaseHeldBy(stage.lab.host('hostA'), guest.name);
      await stage.lab.host('hostA').kill();
      expect(phase).toBe('perform3');
      await migration.entered('uncertain.waiting');
      await stage.lab.host('hostA').start();
      const output = await migration.end();
      expect(output).toMatchObject({ outcome: 'rolledBack', failure: { effect: 'none' } });
      await expectAsBefore(stage.lab, before);
      await expectTicksContinuous(guest);
    },
  );
});
