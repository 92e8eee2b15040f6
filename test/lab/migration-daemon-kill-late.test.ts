import { expect, test, vi } from 'vitest';

import type { LabHost } from '../../lab/index.ts';
import {
  expectAsBefore,
  expectMoved,
  expectTicksContinuous,
  useLab,
} from '../support/lab-migration.ts';
import { describeLab } from '../support/needs.ts';

/** QEMU tells that it is done a few ms before its daemon writes that down. */
async function daemonIn(phase: string, host: LabHost): Promise<void> {
  await vi.waitUntil(async () => (await host.migrationTruth('guest'))?.phase === phase, 5000);
}

describeLab('SIGKILL of a libvirtd before and after the copy', () => {
  const stage = useLab('late');
  const there = { from: 'hostA', to: 'hostB' };

  const begin = async (rate: string) => {
    const guest = await stage.lab.guest('guest', { on: 'hostA', storage: 'shared' });
    const [source, destination] = [stage.lab.host('hostA'), stage.lab.host('hostB')];
    await source.setRate(rate);
    const before = await stage.lab.listing();
    return { guest, source, destination, before, migration: stage.migrate(guest, there) };
  };

  test('of the source while the destination prepares', async () => {
    const { guest, source, before, migration } = await begin('100mbit');
    await migration.entered('phases.prepare');
    await source.sigstop();
    await migration.strike('SIGKILL of the source', 'begin3', () => source.kill());
    await migration.entered('uncertain.waiting');
    await source.start();
    const output = await migration.end();
    expect(output).toMatchObject({ outcome: 'rolledBack' });
    expect(output.phases.map(({ phase }) => phase)).not.toContain('PERFORM3');
    await expectAsBefore(stage.lab, before);
    await expectTicksContinuous(guest);
  });

  // A stopped destination daemon takes no Finish, so that the source stays in PERFORM3_DONE.
  test('of the destination in PERFORM3_DONE: the source goes on', async () => {
    const { guest, source, destination, before, migration } = await begin('100mbit');
    await migration.entered('perform3.precopying');
    await destination.sigstop();
    await migration.entered('phases.perform3Done');
    await daemonIn('perform3_done', source);
    await migration.strike('SIGKILL of the destination', 'perform3_done', () => destination.kill());
    await destination.start();
    const output = await migration.end();
    expect(output).toMatchObject({ outcome: 'rolledBack' });
    await expectAsBefore(stage.lab, before);
    await expectTicksContinuous(guest);
  });

  test('of the source in PERFORM3_DONE: whoever has the guest keeps it', async () => {
    const { guest, source, destination, before, migration } = await begin('100mbit');
    await migration.entered('perform3.precopying');
    await destination.sigstop();
    await migration.entered('phases.perform3Done');
    await daemonIn('perform3_done', source);
    await migration.strike('SIGKILL of the source', 'perform3_done', () => source.kill());
    await destination.sigcont();
    await source.start();
    const output = await migration.end();
    if (output.outcome === 'completed') await expectMoved(stage.lab, guest, there);
    else {
      expect(output).toMatchObject({ outcome: 'rolledBack' });
      await expectAsBefore(stage.lab, before);
    }
    await expectTicksContinuous(guest);
  });

  test('of the source after the guest runs on the destination', async () => {
    const { guest, source, migration } = await begin('100mbit');
    await migration.entered('phases.finish3');
    await migration.strike('SIGKILL of the source', 'finish3', () => source.kill());
    await source.start();
    const output = await migration.end();
    expect(output).toMatchObject({ outcome: 'completed', failure: null });
    await expectMoved(stage.lab, guest, there);
    await expectTicksContinuous(guest);
  });

  test('of the destination after the guest runs there', async () => {
    const { guest, destination, migration } = await begin('100mbit');
    await migration.entered('phases.finish3');
    await migration.strike('SIGKILL of the destination', 'finish3', () => destination.kill());
    await destination.start();
    const output = await migration.end();
    expect(output).toMatchObject({ outcome: 'completed', failure: null });
    await expectMoved(stage.lab, guest, there);
    await expectTicksContinuous(guest);
  });
});
