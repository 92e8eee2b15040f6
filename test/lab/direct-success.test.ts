import { expect, test } from 'vitest';

import { virsh } from '../../lab/virsh.ts';
import { expectMoved, expectTicksContinuous, useLab } from '../support/lab-migration.ts';
import { describeLab } from '../support/needs.ts';

const everyPhase = ['BEGIN3', 'PREPARE', 'PERFORM3', 'PERFORM3_DONE', 'FINISH3', 'CONFIRM3'];
const direct = { protocol: 'direct' } as const;

describeLab('a migration that we drive between two real daemons', () => {
  const stage = useLab('direct', 2);
  const there = { from: 'hostA', to: 'hostB' };
  const noUri = { destinationConnectUri: null };

  test('on shared storage is ours in every phase', async () => {
    const guest = await stage.lab.guest('guest', { on: 'hostA', storage: 'shared' });
    const migration = stage.migrate(guest, { ...there, input: direct, options: noUri });
    const output = await migration.end();
    expect(output).toMatchObject({ outcome: 'completed', failure: null });
    expect(output.phases.map(({ phase }) => phase)).toEqual(everyPhase);
    expect(new Set(output.phases.map(({ evidence }) => evidence))).toEqual(new Set(['ours']));
    expect(output.downtimeMs).toBeGreaterThan(0);
    await expectMoved(stage.lab, guest, there);
    await expectTicksContinuous(guest);
  });

  test('with storage copy leaves the old disk where it was', async () => {
    const guest = await stage.lab.guest('guest', { on: 'hostA' });
    const options = { ...noUri, copyStorage: 'all' } as const;
    const output = await stage.migrate(guest, { ...there, input: direct, options }).end();
    expect(output).toMatchObject({ outcome: 'completed', failure: null });
    expect(output.artefacts.map(({ status }) => status)).toEqual(['made', 'kept']);
    await expectMoved(stage.lab, guest, there);
    await expectTicksContinuous(guest);
  });

  test('with storage copy takes the old disk away where that is asked', async () => {
    const guest = await stage.lab.guest('guest', { on: 'hostA' });
    const options = { ...noUri, copyStorage: 'all', sourceDisk: 'delete' } as const;
    const output = await stage.migrate(guest, { ...there, input: direct, options }).end();
    expect(output).toMatchObject({ outcome: 'completed', failure: null });
    expect(output.artefacts.map(({ status }) => status)).toEqual(['made', 'removed']);
    await expectMoved(stage.lab, guest, there);
    await expectTicksContinuous(guest);
    const volumes = await virsh(stage.lab.host('hostA').uri, ['vol-list', 'images']);
    expect(volumes).not.toContain(guest.name);
  });

  test('of a paused guest leaves it paused', async () => {
    const guest = await stage.lab.guest('guest', { on: 'hostA', storage: 'shared' });
    await virsh(stage.lab.host('hostA').uri, ['suspend', guest.name]);
    const output = await stage.migrate(guest, { ...there, input: direct, options: noUri }).end();
    expect(output).toMatchObject({ outcome: 'completed', failure: null, downtimeMs: null });
    const [onA, onB] = (await stage.lab.listing()).hosts.map(({ domains }) => domains);
    expect(onA).toEqual([]);
    expect(onB).toMatchObject([{ name: 'guest', state: 'paused', persistent: true }]);
    await virsh(stage.lab.host('hostB').uri, ['resume', guest.name]);
    await expectTicksContinuous(guest);
  });
});
