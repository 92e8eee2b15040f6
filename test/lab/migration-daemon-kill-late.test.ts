import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';

import type { LabHost } from '../../lab/index.ts';
import { identifyProcess, signalProcess, stopProcess } from '../../lab/process-identity.ts';
import { holdDaemons } from '../support/held-daemons.ts';
import {
  expectAsBefore,
  expectMoved,
  expectTicksContinuous,
  useLab,
} from '../support/lab-migration.ts';
import { describeLab } from '../support/needs.ts';
import type { Way } from '../support/wire.ts';

/** QEMU tells that it is done a few ms before its daemon writes that down. */
async function daemonIn(phase: string, host: LabHost): Promise<void> {
  await vi.waitUntil(async () => (await host.migrationTruth('guest'))?.phase === phase, 5000);
}

/** Stops the guest's QEMU, so that its daemon waits for an answer; returns what lets it go on. */
async function stopQemu(host: LabHost): Promise<() => Promise<void>> {
  const pid = await readFile(join(host.paths.runDir, 'qemu', 'guest.pid'), 'utf8');
  const qemu = await identifyProcess(Number(pid));
  if (qemu === null) throw new Error(`${host.name} has no QEMU`);
  await stopProcess(qemu, 5000);
  return () => signalProcess(qemu, 'SIGCONT');
}

describeLab('SIGKILL of a libvirtd before and after the copy', () => {
  const stage = useLab('late');
  const there = { from: 'hostA', to: 'hostB' };

  const begin = async (hold: [phase: 'finish' | 'prepare', way: Way] | null) => {
    const guest = await stage.lab.guest('guest', { on: 'hostA', storage: 'shared' });
    const [source, destination] = [stage.lab.host('hostA'), stage.lab.host('hostB')];
    await source.setRate('100mbit');
    const before = await stage.lab.listing();
    const daemons = hold && (await holdDaemons(destination, ...hold));
    const options = daemons === null ? {} : { destinationConnectUri: daemons.uri };
    const migration = stage.migrate(guest, { ...there, options });
    return { guest, source, destination, before, migration, daemons };
  };

  test('of the source while the destination prepares', async () => {
    const { guest, source, before, migration, daemons } = await begin(['prepare', 'answers']);
    await migration.entered('phases.prepare');
    await daemons?.held;
    await migration.strike('SIGKILL of the source', 'prepare', () => source.kill());
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
    const { guest, source, destination, before, migration } = await begin(null);
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
    const { guest, source, destination, before, migration } = await begin(null);
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

  // A stopped QEMU answers nobody: the destination's daemon is in Finish, and the guest does not run.
  test.for(['source', 'destination'] as const)(
    'of the %s in FINISH3: whoever has the guest keeps it',
    async (victim) => {
      const { guest, before, migration, daemons, ...hosts } = await begin(['finish', 'requests']);
      await migration.entered('phases.perform3Done');
      await daemons?.held;
      const goOn = await stopQemu(hosts.destination);
      daemons?.letGo();
      await daemonIn('finish3', hosts.destination);
      await migration.strike(`SIGKILL of the ${victim}`, 'finish3', () => hosts[victim].kill());
      await goOn();
      await hosts[victim].start();
      const output = await migration.end();
      if (output.outcome === 'completed') await expectMoved(stage.lab, guest, there);
      else {
        expect(output).toMatchObject({ outcome: 'rolledBack' });
        await expectAsBefore(stage.lab, before);
      }
      await expectTicksContinuous(guest);
    },
  );

  test('of the source after the guest runs on the destination', async () => {
    const { guest, source, migration, daemons } = await begin(['finish', 'answers']);
    await migration.entered('phases.finish3');
    await daemons?.held;
    await migration.strike('SIGKILL of the source', 'perform3_done', () => source.kill());
    await source.start();
    const output = await migration.end();
    expect(output).toMatchObject({ outcome: 'completed', failure: null });
    await expectMoved(stage.lab, guest, there);
    await expectTicksContinuous(guest);
  });

  test('of the destination after the guest runs there', async () => {
    const { guest, destination, migration, daemons } = await begin(['finish', 'answers']);
    await migration.entered('phases.finish3');
    await daemons?.held;
    await migration.strike('SIGKILL of the destination', 'perform3_done', () => destination.kill());
    await destination.start();
    const output = await migration.end();
    expect(output).toMatchObject({ outcome: 'completed', failure: null });
    await expectMoved(stage.lab, guest, there);
    await expectTicksContinuous(guest);
  });
});
