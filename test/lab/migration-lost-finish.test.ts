import { expect, test } from 'vitest';

import { continuity, readTicks } from '../../lab/index.ts';
import { expectMoved, expectTicksContinuous, useLab } from '../support/lab-migration.ts';
import { describeLab } from '../support/needs.ts';

/** libvirt's port: what the destination answers to the source daemon leaves from here. */
const daemonPort = '16509';

describeLab('the reply to Finish is lost', () => {
  const stage = useLab('finish');

  test('with storage copy both copies run: seen, stopped within 2 s, told', async () => {
    const guest = await stage.lab.guest('guest', { on: 'hostA', disk: '64M', fill: '48M' });
    const [hostA, hostB] = [stage.lab.host('hostA'), stage.lab.host('hostB')];
    await hostA.setRate('150mbit');
    await hostA.kill();
    await hostA.start({ qemu: { keepalive_interval: 20, keepalive_count: 1 } });
    const migration = await stage.migrateMonitored(guest, {
      from: 'hostA',
      to: 'hostB',
      options: { copyStorage: 'all' },
    });
    await migration.entered('perform3.precopying');
    await migration.strike('replies lost from here on', 'perform3', () =>
      hostB.dropPort({ ports: daemonPort, direction: 'out', effect: 'drop' }),
    );
    const output = await migration.end();
    await hostB.clearLink();
    expect(output).toMatchObject({ outcome: 'needsOperator', failure: { code: 'splitBrain' } });
    const listing = await stage.lab.listing();
    const held = listing.hosts.map(({ domains }) => domains?.[0]);
    expect(held[0]).toMatchObject({ state: 'paused', persistent: true });
    expect(held[1]).toMatchObject({ state: 'running', reason: 'migrated', persistent: true });
    const seen = migration.states.find(({ state }) => state === 'migrating.oneCopy.doubting');
    const stopped = migration.states.find(({ state }) => state === 'splitBrain.looking');
    expect((stopped?.atEpochMs ?? Infinity) - (seen?.atEpochMs ?? 0)).toBeLessThan(2000);
    // The source is paused by now: from here on only one copy counts.
    const before = (await readTicks(guest.serial)).length;
    const later = async () => (await readTicks(guest.serial)).slice(before);
    await expect.poll(async () => (await later()).length, { timeout: 20_000 }).toBeGreaterThan(5);
    expect(continuity(await later())).toMatchObject({ continuous: true, twoWriters: false });
  });

  test('on a shared disk QEMU keeps the source paused: resolved without an operator', async () => {
    const guest = await stage.lab.guest('guest', { on: 'hostA', storage: 'shared' });
    const [hostA, hostB] = [stage.lab.host('hostA'), stage.lab.host('hostB')];
    await hostA.setRate('60mbit');
    await hostA.kill();
    await hostA.start({ qemu: { keepalive_interval: 20, keepalive_count: 1 } });
    const migration = await stage.migrateMonitored(guest, { from: 'hostA', to: 'hostB' });
    await migration.entered('perform3.precopying');
    await migration.strike('replies lost from here on', 'perform3', () =>
      hostB.dropPort({ ports: daemonPort, direction: 'out', effect: 'drop' }),
    );
    const output = await migration.end();
    await hostB.clearLink();
    expect(output).toMatchObject({ outcome: 'completed', failure: null });
    expect(migration.states.map(({ state }) => state)).toContain(
      'migrating.execution.uncertain.endingStaleSource',
    );
    await expectMoved(stage.lab, guest, { from: 'hostA', to: 'hostB' });
    await expectTicksContinuous(guest);
  });
});
