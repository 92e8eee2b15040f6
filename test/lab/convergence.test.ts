import { expect, test, vi } from 'vitest';

import { patient } from '../../machines/policy/convergence-presets.ts';
import { expectMoved, expectTicksContinuous, useLab } from '../support/lab-migration.ts';
import { describeLab } from '../support/needs.ts';

const there = { from: 'hostA', to: 'hostB' };
/** Its 8 MiB of changing pages take this link more than a second: QEMU's own 300 ms never suffice. */
const tooSlow = '60mbit';

describeLab('a migration that does not converge by itself', () => {
  const stage = useLab('converge');
  const hostA = () => stage.lab.host('hostA');

  const busyGuest = async () => {
    const guest = await stage.lab.guest('guest', {
      on: 'hostA',
      storage: 'shared',
      dirtyMiBPerS: 40,
    });
    await hostA().setRate(tooSlow);
    return guest;
  };
  /** libvirt's own client sees what QEMU was given. */
  const showsIn = (command: string, value: RegExp) =>
    vi.waitUntil(async () => value.test(await hostA().virsh([command, 'guest'])), 20_000);

  test('is tuned by hand in flight, and forced to its end', async () => {
    const guest = await busyGuest();
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

  test('completes when its stall is answered by longer pauses', async () => {
    const guest = await busyGuest();
    const migration = stage.migrate(guest, {
      ...there,
      input: {
        convergence: {
          ...patient,
          // By the clock the next step would come in a quarter of an hour.
          downtime: { startMs: 100, limitMs: 6_100, steps: 3, stepMsPerGib: 900_000 },
          stallPasses: 1,
          onStall: 'raiseDowntime',
        },
      },
    });
    await migration.entered('precopying');
    await showsIn('migrate-getmaxdowntime', /^100\b/);
    const output = await migration.end();
    expect(output).toMatchObject({ outcome: 'completed', failure: null });
    expect(output.downtimeMs).toBeGreaterThan(100);
    const steps = migration.states.filter(({ state }) => state.endsWith('setting.settingDowntime'));
    expect(steps.length).toBeGreaterThan(1);
    await expectMoved(stage.lab, guest, there);
    await expectTicksContinuous(guest);
  });
});
