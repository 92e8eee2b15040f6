import { expect, test } from 'vitest';

import { holdDaemons } from '../support/held-daemons.ts';
import { expectAsBefore, expectTicksContinuous, useLab } from '../support/lab-migration.ts';
import { describeLab } from '../support/needs.ts';

describeLab('SIGKILL of a libvirtd', () => {
  const stage = useLab('kill');

  test('of the destination in PREPARE: no PERFORM3 is reported', async () => {
    const guest = await stage.lab.guest('guest', { on: 'hostA', fill: '48M' });
    await stage.lab.host('hostA').setRate('100mbit');
    const before = await stage.lab.listing();
    const hostB = stage.lab.host('hostB');
    const daemons = await holdDaemons(hostB, 'prepare', 'answers');
    const migration = stage.migrate(guest, {
      from: 'hostA',
      to: 'hostB',
      options: { copyStorage: 'all', destinationConnectUri: daemons.uri },
    });
    await migration.entered('phases.prepare');
    await daemons.held;
    await migration.strike('SIGKILL of the destination', 'prepare', () => hostB.kill());
    await migration.entered('cleaningUp.waiting');
    await hostB.start();
    const output = await migration.end();
    expect(output).toMatchObject({ outcome: 'rolledBack', failure: { effect: 'none' } });
    expect(output.phases.map((record) => record.phase)).toEqual(['BEGIN3', 'PREPARE']);
    await expectAsBefore(stage.lab, before);
    await expectTicksContinuous(guest);
  });

  const victims = [
    // Until it is back, its volume cannot be taken away.
    { victim: 'destination', host: 'hostB', waitsIn: 'cleaningUp.waiting' },
    // Until it is back, nobody knows what it did.
    { victim: 'source', host: 'hostA', waitsIn: 'uncertain.waiting' },
  ];
  const states = ['perform3.mirroring', 'perform3.precopying'];

  test.for(victims.flatMap((victim) => states.map((state) => ({ ...victim, state }))))(
    'of the $victim in $state rolls back once it is back',
    async ({ victim, host, waitsIn, state }) => {
      const guest = await stage.lab.guest('guest', { on: 'hostA', fill: '48M' });
      const source = stage.lab.host('hostA');
      await source.setRate('100mbit');
      const before = await stage.lab.listing();
      const migration = stage.migrate(guest, {
        from: 'hostA',
        to: 'hostB',
        options: { copyStorage: 'all' },
      });
      await migration.entered(state);
      await migration.strike(`SIGKILL of the ${victim}`, 'perform3', () =>
        stage.lab.host(host).kill(),
      );
      await migration.entered(waitsIn);
      await stage.lab.host(host).start();
      const output = await migration.end();
      expect(output).toMatchObject({ outcome: 'rolledBack', failure: { effect: 'none' } });
      expect(output.artefacts.map(({ status }) => status)).toEqual(['removed']);
      await expectAsBefore(stage.lab, before);
      await expectTicksContinuous(guest);
    },
  );
});
