import { expect, test } from 'vitest';

import { virsh } from '../../lab/virsh.ts';
import { useLab } from '../support/lab-migration.ts';
import { describeLab } from '../support/needs.ts';

describeLab('a guest that ends while it is moved', () => {
  const stage = useLab('ends');

  // Libvirt calls a guest that is gone a failed migration; Nova takes one for a success.
  test.for([
    { end: 'is destroyed', command: ['destroy', 'guest'] },
    { end: 'shuts itself down', command: ['shutdown', 'guest', '--mode', 'agent'] },
  ])('because it $end is not called migrated', async ({ end, command }) => {
    const guest = await stage.lab.guest('guest', { on: 'hostA', fill: '32M' });
    const hostA = stage.lab.host('hostA');
    await hostA.setRate('100mbit');
    const migration = stage.migrate(guest, {
      from: 'hostA',
      to: 'hostB',
      options: { copyStorage: 'all' },
    });
    await migration.entered('perform3.precopying');
    await migration.strike(`the guest ${end}`, 'perform3', () =>
      virsh(hostA.uri, command, { timeoutMs: 30_000 }),
    );
    const output = await migration.end();
    expect(output).toMatchObject({ outcome: 'needsOperator', failure: { code: 'guestGone' } });
    const [onA, onB] = (await stage.lab.listing()).hosts;
    expect(onA?.domains).toMatchObject([{ name: 'guest', state: 'shut off', persistent: true }]);
    expect(onA?.imageFiles).toEqual(['guest.qcow2']);
    expect(onB).toMatchObject({ domains: [], qemuProcesses: [], imageFiles: [] });
  });
});
