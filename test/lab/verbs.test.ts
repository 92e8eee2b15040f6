import { expect, test } from 'vitest';

import type { LabGuest } from '../../lab/index.ts';
import {
  expectAsBefore,
  expectMoved,
  expectTicksContinuous,
  useLab,
} from '../support/lab-migration.ts';
import { describeLab } from '../support/needs.ts';
import { newStorePlace, readLines, Spawned } from '../unit/cli/spawned.ts';

const there = { from: 'hostA', to: 'hostB' };

describeLab('the verbs, each a process of its own', () => {
  const stage = useLab('verbs');

  /** So slow that it stays in the copy of memory until the link is mended or it is ended. */
  async function startMigration(guest: LabGuest, store: readonly string[]) {
    const [from, to] = [stage.lab.host('hostA'), stage.lab.host('hostB')];
    await from.setRate('20mbit');
    const ways = ['--from', from.uri, '--to', to.uri, '--dconnuri', to.tcp, '--unsafe'];
    const migration = new Spawned(['migrate', guest.name, ...ways, ...store, '--json']);
    await migration.untilPrinted('"state":"perform3.precopying"');
    const run = String(readLines(migration.printed.replace(/[^\n]*$/, ''))[0]?.['run']);
    return { migration, run };
  }

  test('what kill -9 leaves is taken up by recover and moves on', async () => {
    const store = ['--store', newStorePlace()];
    const guest = await stage.lab.guest('guest', { on: 'hostA', storage: 'shared' });
    const { migration, run } = await startMigration(guest, store);
    migration.process.kill('SIGKILL');
    await migration.ended();
    const runs = await new Spawned(['runs', ...store, '--json']).ended();
    expect(readLines(runs.stdout)).toMatchObject([{ run, drivenBy: { alive: false } }]);

    const recovery = new Spawned(['recover', ...store, '--json']);
    await recovery.untilPrinted('"type":"run.resumed"');
    await stage.lab.host('hostA').clearLink();
    const { status, stdout } = await recovery.ended();
    expect(readLines(stdout).at(-2)).toMatchObject({ type: 'run.finished', outcome: 'completed' });
    expect(status).toBe(0);
    await expectMoved(stage.lab, guest, there);
    await expectTicksContinuous(guest);
    const definition = await stage.lab.host('hostB').virsh(['dumpxml', guest.name]);
    expect(definition).not.toContain('urn:virtstate');
  });

  test('abort is asked for in one process and done by the one that migrates', async () => {
    const store = ['--store', newStorePlace()];
    const guest = await stage.lab.guest('guest', { on: 'hostA', storage: 'shared' });
    const before = await stage.lab.listing();
    const { migration, run } = await startMigration(guest, store);
    const abort = await new Spawned(['abort', run.slice(0, 8), ...store]).ended();
    expect(abort).toMatchObject({ status: 0, stderr: '' });
    const { status, stdout } = await migration.ended();
    expect(readLines(stdout).at(-1)).toMatchObject({ outcome: 'rolledBack' });
    expect(status).toBe(130);
    await expectAsBefore(stage.lab, before);
    await expectTicksContinuous(guest);
  });
});
