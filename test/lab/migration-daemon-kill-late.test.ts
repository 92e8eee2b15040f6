import { afterAll, expect, test, vi } from 'vitest';

import type { LabHost } from '../../lab/index.ts';
import {
  expectAsBefore,
  expectMoved,
  expectTicksContinuous,
  useLab,
} from '../support/lab-migration.ts';
import { describeLab } from '../support/needs.ts';

const manifest: string[] = [];

/** The phase that each daemon held when one of them was killed, by their own status files. */
async function phasesHeld(hosts: readonly LabHost[], domain: string): Promise<(string | null)[]> {
  const truths = await Promise.all(hosts.map((host) => host.migrationTruth(domain)));
  return truths.map((truth) => truth?.phase ?? null);
}

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
    const { guest, source, destination, before, migration } = await begin('100mbit');
    await migration.entered('phases.prepare');
    await source.sigstop();
    const held = await phasesHeld([source, destination], guest.name);
    await source.kill();
    expect(held[0]).toBe('begin3');
    await migration.entered('uncertain.waiting');
    await source.start();
    const output = await migration.end();
    manifest.push(`source killed in ${held.join('/')}: ${output.outcome}`);
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
    const held = await phasesHeld([source, destination], guest.name);
    await destination.kill();
    await destination.start();
    const output = await migration.end();
    manifest.push(`destination killed in ${held.join('/')}: ${output.outcome}`);
    expect(held[0]).toBe('perform3_done');
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
    const held = await phasesHeld([source, destination], guest.name);
    await source.kill();
    await destination.sigcont();
    await source.start();
    const output = await migration.end();
    manifest.push(`source killed in ${held.join('/')}: ${output.outcome}`);
    expect(held[0]).toBe('perform3_done');
    if (output.outcome === 'completed') await expectMoved(stage.lab, guest, there);
    else {
      expect(output).toMatchObject({ outcome: 'rolledBack' });
      await expectAsBefore(stage.lab, before);
    }
    await expectTicksContinuous(guest);
  });

  test('of the source after the guest runs on the destination', async () => {
    const { guest, source, destination, migration } = await begin('100mbit');
    await migration.entered('phases.finish3');
    const held = await phasesHeld([source, destination], guest.name);
    await source.kill();
    await source.start();
    const output = await migration.end();
    manifest.push(`source killed in ${held.join('/')}: ${output.outcome}`);
    expect(output).toMatchObject({ outcome: 'completed', failure: null });
    await expectMoved(stage.lab, guest, there);
    await expectTicksContinuous(guest);
  });

  test('of the destination after the guest runs there', async () => {
    const { guest, source, destination, migration } = await begin('100mbit');
    await migration.entered('phases.finish3');
    const held = await phasesHeld([source, destination], guest.name);
    await destination.kill();
    await destination.start();
    const output = await migration.end();
    manifest.push(`destination killed in ${held.join('/')}: ${output.outcome}`);
    expect(output).toMatchObject({ outcome: 'completed', failure: null });
    await expectMoved(stage.lab, guest, there);
    await expectTicksContinuous(guest);
  });

  afterAll(() => {
    console.log(`phases held (source/destination) and outcome\n${manifest.join('\n')}`);
  });
});
