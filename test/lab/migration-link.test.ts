import { expect, test, vi } from 'vitest';

import { expectAsBefore, expectTicksContinuous, useLab } from '../support/lab-migration.ts';
import { patient } from '../../machines/policy/migration/convergence-presets.ts';
import { describeLab } from '../support/needs.ts';

/** libvirt's ports for the memory stream and the NBD exports. */
const streamPorts = '49152-49215';

describeLab('a link that fails in PERFORM3', () => {
  const stage = useLab('link');

  /** 4 s of silence instead of 30 s: both daemons give a dead peer up sooner. */
  const impatient = async (): Promise<void> => {
    const patience = { keepalive_interval: 2, keepalive_count: 1 };
    for (const host of [stage.lab.host('hostA'), stage.lab.host('hostB')]) {
      await host.kill();
      await host.start({ qemu: patience, libvirtd: patience });
    }
  };

  test('the cable is cut: the source goes on, and nothing is left on the destination', async () => {
    const guest = await stage.lab.guest('guest', { on: 'hostA', storage: 'shared' });
    const hostA = stage.lab.host('hostA');
    await hostA.setRate('40mbit');
    await impatient();
    const before = await stage.lab.listing();
    const migration = stage.migrate(guest, { from: 'hostA', to: 'hostB' });
    await migration.entered('perform3.precopying');
    await migration.strike('cable cut', 'perform3', () => hostA.setLink('down'));
    const output = await migration.end();
    await hostA.setLink('up');
    expect(output).toMatchObject({ outcome: 'rolledBack', failure: { effect: 'none' } });
    await expectAsBefore(stage.lab, before);
    await expectTicksContinuous(guest);
  });

  // QEMU 7.2 drains the mirror before it drops it, and waits for lost packets until TCP gives up or
  // the cable is back; libvirt 9.0 waits for QEMU, and the guest's disk for both.
  test('the cable is cut while disks are copied, and comes back', async () => {
    const guest = await stage.lab.guest('guest', { on: 'hostA', fill: '48M' });
    const hostA = stage.lab.host('hostA');
    await hostA.setRate('100mbit');
    await impatient();
    const before = await stage.lab.listing();
    const migration = stage.migrate(guest, {
      from: 'hostA',
      to: 'hostB',
      options: { copyStorage: 'all' },
    });
    await migration.entered('perform3.precopying');
    await migration.strike('cable cut while disks are copied', 'perform3', () =>
      hostA.setLink('down'),
    );
    const hostB = stage.lab.host('hostB');
    await vi.waitUntil(async () => (await hostB.qemuProcesses()).length === 0, 30_000);
    await hostA.setLink('up');
    const output = await migration.end();
    expect(output).toMatchObject({ outcome: 'rolledBack', failure: { effect: 'none' } });
    expect(output.artefacts.map(({ status }) => status)).toEqual(['removed']);
    await expectAsBefore(stage.lab, before);
    await expectTicksContinuous(guest);
  });

  test('the ports of the stream are reset: QEMU gives up, and so do we', async () => {
    const guest = await stage.lab.guest('guest', { on: 'hostA', storage: 'shared' });
    const hostB = stage.lab.host('hostB');
    await stage.lab.host('hostA').setRate('50mbit');
    const before = await stage.lab.listing();
    const migration = stage.migrate(guest, { from: 'hostA', to: 'hostB' });
    await migration.entered('perform3.precopying');
    await migration.strike('ports reset', 'perform3', () =>
      hostB.dropPort({ ports: streamPorts, direction: 'both', effect: 'reset' }),
    );
    const output = await migration.end();
    await hostB.clearLink();
    expect(output).toMatchObject({ outcome: 'rolledBack', failure: { effect: 'none' } });
    await expectAsBefore(stage.lab, before);
    await expectTicksContinuous(guest);
  });

  // Nobody tells that the packets are lost: TCP would try for a quarter of an hour.
  test('the ports of the stream are dropped: the time budget ends it', async () => {
    const guest = await stage.lab.guest('guest', { on: 'hostA', storage: 'shared' });
    const hostB = stage.lab.host('hostB');
    await stage.lab.host('hostA').setRate('50mbit');
    const before = await stage.lab.listing();
    const migration = stage.migrate(guest, {
      from: 'hostA',
      to: 'hostB',
      input: {
        convergence: { ...patient, budget: { baseMs: 8000, msPerGib: 0 }, onBudget: 'abort' },
      },
    });
    await migration.entered('perform3.precopying');
    await migration.strike('ports dropped', 'perform3', () =>
      hostB.dropPort({ ports: streamPorts, direction: 'both', effect: 'drop' }),
    );
    const output = await migration.end();
    await hostB.clearLink();
    expect(output).toMatchObject({
      outcome: 'rolledBack',
      failure: { code: 'timeBudgetExceeded', effect: 'none' },
    });
    await expectAsBefore(stage.lab, before);
    await expectTicksContinuous(guest);
  });

  test('the ports of the stream are closed from the start: nothing is copied', async () => {
    const guest = await stage.lab.guest('guest', { on: 'hostA', storage: 'shared' });
    const hostB = stage.lab.host('hostB');
    await hostB.dropPort({ ports: streamPorts, direction: 'in', effect: 'reset' });
    const before = await stage.lab.listing();
    const output = await stage.migrate(guest, { from: 'hostA', to: 'hostB' }).end();
    await hostB.clearLink();
    expect(output).toMatchObject({ outcome: 'rolledBack', failure: { effect: 'none' } });
    await expectAsBefore(stage.lab, before);
    await expectTicksContinuous(guest);
  });
});
