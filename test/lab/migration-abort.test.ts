import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';

import type { Lab } from '../../lab/index.ts';
import { labUp } from '../../lab/index.ts';
import type { Hypervisors } from '../../src/index.ts';
import {
  expectAsBefore,
  expectTicksContinuous,
  openHypervisors,
  startMigration,
} from '../support/lab-migration.ts';
import { describeLab, labNameFor } from '../support/needs.ts';

describeLab('an abort by the user', () => {
  let lab: Lab;
  let hypervisors: Hypervisors;

  beforeAll(async () => {
    lab = await labUp({ name: labNameFor('abort'), hosts: 2 });
    hypervisors = openHypervisors();
  });
  afterEach(() => lab.reset());
  afterAll(async () => {
    await hypervisors.close();
    await lab.down();
  });

  test.for([
    { in: 'prepare', state: 'phases.prepare', reached: ['BEGIN3', 'PREPARE'] },
    { in: 'storage copy', state: 'perform3.mirroring', reached: ['BEGIN3', 'PREPARE', 'PERFORM3'] },
    { in: 'PERFORM3', state: 'perform3.precopying', reached: ['BEGIN3', 'PREPARE', 'PERFORM3'] },
  ])('in $in leaves the guest as it was', async ({ state, reached }) => {
    const guest = await lab.guest('guest', { on: 'hostA', fill: '48M' });
    await lab.host('hostA').setRate('100mbit');
    const before = await lab.listing();
    const migration = startMigration(lab, hypervisors, guest, {
      from: 'hostA',
      to: 'hostB',
      options: { copyStorage: 'all' },
    });
    await migration.entered(state);
    expect(migration.abort()).toBe(true);
    const output = await migration.end();
    expect(output).toMatchObject({ outcome: 'rolledBack', failure: { code: 'abortRequested' } });
    expect(output.artefacts.map(({ status }) => status)).toEqual(['removed']);
    expect(output.phases.map(({ phase }) => phase).slice(0, reached.length)).toEqual(reached);
    await expectAsBefore(lab, before);
    await expectTicksContinuous(guest);
  });
});
