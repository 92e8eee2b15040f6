import { expect, test } from 'vitest';

import { holdDaemons } from '../support/held-daemons.ts';
import { expectAsBefore, expectTicksContinuous, useLab } from '../support/lab-migration.ts';
import { describeLab } from '../support/needs.ts';

describeLab('an abort by the user', () => {
  const stage = useLab('abort');

  test('in PREPARE leaves the guest as it was', async () => {
    const guest = await stage.lab.guest('guest', { on: 'hostA', fill: '48M' });
    const before = await stage.lab.listing();
    const daemons = await holdDaemons(stage.lab.host('hostB'), 'prepare', 'answers');
    const migration = stage.migrate(guest, {
      from: 'hostA',
      to: 'hostB',
      options: { copyStorage: 'all', destinationConnectUri: daemons.uri },
    });
    await migration.entered('phases.prepare');
    await daemons.held;
    await migration.strike('abort in phases.prepare', 'prepare', async () => {
      expect(migration.abort()).toBe(true);
      await migration.entered('abortSent');
    });
    daemons.letGo();
    const output = await migration.end();
    expect(output).toMatchObject({ outcome: 'rolledBack', failure: { code: 'abortRequested' } });
    expect(output.artefacts.map(({ status }) => status)).toEqual(['removed']);
    expect(output.phases.map((record) => record.phase)).toContain('PREPARE');
    await expectAsBefore(stage.lab, before);
    await expectTicksContinuous(guest);
  });

  test.for([
    { in: 'the storage copy', state: 'perform3.mirroring', phase: 'perform3' },
    { in: 'PERFORM3', state: 'perform3.precopying', phase: 'perform3' },
  ] as const)('in $in leaves the guest as it was', async ({ state, phase }) => {
    const guest = await stage.lab.guest('guest', { on: 'hostA', fill: '48M' });
    await stage.lab.host('hostA').setRate('100mbit');
    const before = await stage.lab.listing();
    const migration = stage.migrate(guest, {
      from: 'hostA',
      to: 'hostB',
      options: { copyStorage: 'all' },
    });
    await migration.entered(state);
    await migration.strike(`abort in ${state}`, phase, () => {
      expect(migration.abort()).toBe(true);
    });
    const output = await migration.end();
    expect(output).toMatchObject({ outcome: 'rolledBack', failure: { code: 'abortRequested' } });
    expect(output.artefacts.map(({ status }) => status)).toEqual(['removed']);
    expect(output.phases.map((record) => record.phase)).toContain(phase.toUpperCase());
    await expectAsBefore(stage.lab, before);
    await expectTicksContinuous(guest);
  });

  test('touches no volume that stood on the destination before', async () => {
    const guest = await stage.lab.guest('guest', { on: 'hostA', fill: '48M' });
    const there = await stage.lab.guest('other', { on: 'hostB' });
    await stage.lab.host('hostA').setRate('100mbit');
    // A first migration leaves the source's copy; on the way back it stands on the destination.
    const first = await stage.migrateMonitored(guest, {
      from: 'hostA',
      to: 'hostB',
      options: { copyStorage: 'all' },
    });
    expect(await first.end()).toMatchObject({ outcome: 'completed' });
    await stage.lab.host('hostB').setRate('100mbit');
    const before = await stage.lab.listing();
    const back = await stage.migrateMonitored(guest, {
      from: 'hostB',
      to: 'hostA',
      options: { copyStorage: 'all' },
    });
    await back.entered('perform3.mirroring');
    await back.strike('abort over an old copy', 'perform3', () => back.abort());
    expect(await back.end()).toMatchObject({ outcome: 'rolledBack', artefacts: [] });
    await expectAsBefore(stage.lab, before);
    await expectTicksContinuous(guest);
    await expectTicksContinuous(there);
  });
});
