import { expect, test, vi } from 'vitest';

import { expectMoved, expectTicksContinuous, useLab } from '../support/lab-migration.ts';
import { describeLab } from '../support/needs.ts';

const there = { from: 'hostA', to: 'hostB' };
/** Its 8 MiB of changing pages take this link more than a second: QEMU's own 300 ms never suffice. */
const tooSlow = '60mbit';

describeLab('a migration that does not converge by itself', () => {
  const stage = useLab('converge');
  const hostA = () => stage.lab.host('hostA');

  /** libvirt's own client sees what QEMU was given. */
  const showsIn = (command: string, value: RegExp) =>
    vi.waitUntil(async () => value.test(await hostA().virsh([command, 'guest'])), 20_000);

  test('is tuned by hand in flight, and forced to its end', async () => {
    const guest = await stage.lab.guest('guest', {
      on: 'hostA',
      storage: 'shared',
      dirtyMiBPerS: 40,
    });
    await hostA().setRate(tooSlow);
    const migration = stage.migrate(guest, { ...there, input: { protocol: 'direct' } });
    await migration.entered('precopying');
    expect(migration.send({ type: 'downtime.set', downtimeMs: 123 })).toBe(true);
    await showsIn('migrate-getmaxdowntime', /^123\b/);
    expect(migration.send({ type: 'bandwidth.set', mibPerS: 2 })).toBe(true);
    await showsIn('migrate-getspeed', /^2\b/);
    await migration.progressed(
      ({ bytesPerS }) => bytesPerS !== null && bytesPerS > 0 && bytesPerS < 3 * 2 ** 20,
    );
    expect(migration.send({ type: 'bandwidth.set', mibPerS: 0 })).toBe(true);
    expect(migration.send({ type: 'force.complete' })).toBe(true);
    await migration.entered('.forced');
    expect(await migration.end()).toMatchObject({ outcome: 'completed', failure: null });
    await expectMoved(stage.lab, guest, there);
    await expectTicksContinuous(guest);
  });
});
