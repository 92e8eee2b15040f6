import { expect, test } from 'vitest';

import { lastTick, waitForTick } from '../../lab/index.ts';
import { patient } from '../../machines/policy/migration/convergence-presets.ts';
import { expectMoved, expectTicksContinuous, useLab } from '../support/lab-migration.ts';
import { describeLab } from '../support/needs.ts';

const protocols = ['peer2peer', 'direct'] as const;
const streams = '49152-49215';

describeLab('post-copy between two real daemons', () => {
  const stage = useLab('postcopy', 2);
  const there = { from: 'hostA', to: 'hostB' };

  test.each(protocols)('%s: begins after the first pass', async (protocol) => {
    const guest = await stage.lab.guest('guest', {
      on: 'hostA',
      storage: 'shared',
      dirtyMiBPerS: 20,
    });
    await stage.lab.host('hostA').setRate('80mbit');
    const migration = stage.migrate(guest, {
      ...there,
      input: { protocol, convergence: { ...patient, postcopyAfterPasses: 1 } },
      options: { postcopy: true },
    });
    await migration.entered('postcopyActive');
    expect(migration.abort()).toBe(false);
    const output = await migration.end();
    expect(output).toMatchObject({ outcome: 'completed', failure: null });
    expect(output.phases.at(-1)?.phase).toBe('CONFIRM3');
    await expectMoved(stage.lab, guest, there);
    await expectTicksContinuous(guest);
  });

  // Pages come so slowly that the stream can be broken, and the guest has what it needs to go on:
  // a QEMU whose main loop waits for a page that is lost hears nothing of the break.
  const slow = { postcopy: true, bandwidthMibPerS: 10, postcopyBandwidthMibPerS: 3 };

  test.each(protocols)('%s: a stream that breaks is taken up again', async (protocol) => {
    const guest = await stage.lab.guest('guest', { on: 'hostA', storage: 'shared' });
    const destination = stage.lab.host('hostB');
    const migration = stage.migrate(guest, { ...there, input: { protocol }, options: slow });
    await migration.entered('precopying');
    expect(migration.send({ type: 'postcopy.start' })).toBe(true);
    await migration.entered(protocol === 'direct' ? 'finish3.running' : 'phases.finish3');
    const reached = (await lastTick(guest.serial)) ?? 0;
    await waitForTick(guest.serial, reached + 3, { timeoutMs: 60_000 });
    await destination.dropPort({ ports: streams, direction: 'out', effect: 'reset' });
    await migration.entered('postcopyPaused');
    await migration.entered('postcopyBroken.waiting');
    await destination.healPorts();
    migration.send({ type: 'postcopy.recover' });
    const output = await migration.end();
    expect(output).toMatchObject({ outcome: 'completed', failure: null });
    await expectMoved(stage.lab, guest, there);
    await expectTicksContinuous(guest);
  });
});
