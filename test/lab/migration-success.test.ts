import { expect, test } from 'vitest';

import {
  expectAsBefore,
  expectMoved,
  expectTicksContinuous,
  useLab,
} from '../support/lab-migration.ts';
import { virsh } from '../../lab/virsh.ts';
import { patient } from '../../machines/policy/migration/convergence-presets.ts';
import { describeLab } from '../support/needs.ts';

const everyPhase = ['BEGIN3', 'PREPARE', 'PERFORM3', 'PERFORM3_DONE', 'FINISH3', 'CONFIRM3'];

describeLab('a peer-to-peer migration between two real daemons', () => {
  const stage = useLab('move', 3);
  const there = { from: 'hostA', to: 'hostB' };

  test('with storage copy leaves the old disk where it was', async () => {
    const guest = await stage.lab.guest('guest', { on: 'hostA' });
    const output = await stage.migrate(guest, { ...there, options: { copyStorage: 'all' } }).end();
    expect(output).toMatchObject({ outcome: 'completed', failure: null });
    expect(output.artefacts.map(({ status }) => status)).toEqual(['made', 'kept']);
    expect(output.phases.map(({ phase }) => phase)).toEqual(everyPhase);
    await expectMoved(stage.lab, guest, there);
    await expectTicksContinuous(guest);
  });

  test('that would go to another host than the one named is called off', async () => {
    const guest = await stage.lab.guest('guest', { on: 'hostA', storage: 'shared' });
    await stage.lab.host('hostA').setRate('40mbit');
    const before = await stage.lab.listing();
    const migration = stage.migrate(guest, {
      ...there,
      options: { destinationConnectUri: stage.lab.host('hostC').tcp },
    });
    const output = await migration.end();
    expect(output).toMatchObject({ outcome: 'rolledBack', failure: { code: 'wrongDestination' } });
    await expectAsBefore(stage.lab, before);
    await expectTicksContinuous(guest);
  });

  test('there and back again, although the first copy of the disk still lies there', async () => {
    const guest = await stage.lab.guest('guest', { on: 'hostA' });
    const options = { copyStorage: 'all' } as const;
    expect(await stage.migrate(guest, { ...there, options }).end()).toMatchObject({
      outcome: 'completed',
    });
    const back = { from: 'hostB', to: 'hostA' };
    const output = await stage.migrate(guest, { ...back, options }).end();
    expect(output).toMatchObject({ outcome: 'completed' });
    await expectMoved(stage.lab, guest, back);
    await expectTicksContinuous(guest);
  });

  test('from libvirt 9.0 to 11.3', async () => {
    const guest = await stage.lab.guest('guest', { on: 'hostA', storage: 'shared' });
    const newer = { from: 'hostA', to: 'hostC' };
    const output = await stage.migrate(guest, newer).end();
    expect(output).toMatchObject({ outcome: 'completed', failure: null });
    expect(output.phases.map(({ phase }) => phase)).toEqual(everyPhase);
    await expectMoved(stage.lab, guest, newer);
    await expectTicksContinuous(guest);
  });

  test('keeps the definition on the source where that is asked', async () => {
    const guest = await stage.lab.guest('guest', { on: 'hostA', storage: 'shared' });
    const output = await stage.migrate(guest, { ...there, options: { keepSource: true } }).end();
    expect(output).toMatchObject({ outcome: 'completed' });
    const [onA, onB] = (await stage.lab.listing()).hosts.map(({ domains }) => domains);
    expect(onA).toMatchObject([{ name: 'guest', state: 'shut off', persistent: true }]);
    expect(onB).toMatchObject([{ name: 'guest', state: 'running', persistent: true }]);
    await expectTicksContinuous(guest);
  });

  test('leaves it transient, under another name, where that is asked', async () => {
    const guest = await stage.lab.guest('guest', { on: 'hostA', storage: 'shared' });
    const options = { persistence: 'transient', destinationName: 'moved' } as const;
    const output = await stage.migrate(guest, { ...there, options }).end();
    expect(output).toMatchObject({ outcome: 'completed', failure: null });
    const [onA, onB] = (await stage.lab.listing()).hosts.map(({ domains }) => domains);
    expect(onA).toEqual([]);
    expect(onB).toMatchObject([{ name: 'moved', state: 'running', persistent: false }]);
    await expectTicksContinuous(guest);
  });

  test('takes a definition of its own along', async () => {
    const guest = await stage.lab.guest('guest', { on: 'hostA', storage: 'shared' });
    const source = stage.lab.host('hostA');
    const destinationXml = await virsh(source.uri, ['dumpxml', guest.name, '--migratable']);
    const output = await stage
      .migrate(guest, { ...there, options: { destinationXml, compression: ['xbzrle'] } })
      .end();
    expect(output).toMatchObject({ outcome: 'completed', failure: null });
    await expectMoved(stage.lab, guest, there);
    await expectTicksContinuous(guest);
  });

  test('of a paused guest leaves it paused', async () => {
    const guest = await stage.lab.guest('guest', { on: 'hostA', storage: 'shared' });
    await virsh(stage.lab.host('hostA').uri, ['suspend', guest.name]);
    const output = await stage.migrate(guest, there).end();
    expect(output).toMatchObject({ outcome: 'completed', failure: null, downtimeMs: null });
    const [onA, onB] = (await stage.lab.listing()).hosts.map(({ domains }) => domains);
    expect(onA).toEqual([]);
    expect(onB).toMatchObject([{ name: 'guest', state: 'paused', persistent: true }]);
    await virsh(stage.lab.host('hostB').uri, ['resume', guest.name]);
    await expectTicksContinuous(guest);
  });

  test('sets the downtime limit and the bandwidth, and keeps auto-converge', async () => {
    const guest = await stage.lab.guest('guest', { on: 'hostA', storage: 'shared' });
    const migration = stage.migrate(guest, {
      ...there,
      input: {
        convergence: {
          ...patient,
          downtime: { startMs: 700, limitMs: 700, steps: 0, stepMsPerGib: 0 },
        },
      },
      options: {
        bandwidthMibPerS: 40,
        autoConverge: true,
        parallelConnections: 2,
      },
    });
    expect(await migration.end()).toMatchObject({ outcome: 'completed', failure: null });
    const tuned = migration.states.findLast(({ machine }) => machine === 'peer2peerMigration');
    expect(tuned?.context).toMatchObject({ tuning: { taken: { downtimeMs: 700 } } });
    await expectMoved(stage.lab, guest, there);
    await expectTicksContinuous(guest);
  });
});
