import { describe, expect, test } from 'vitest';

import type { LiveMigrationOutput } from '../../machines/index.ts';
import { liveMigrationInput } from '../../machines/index.ts';
import { createSimulatedWorld } from '../../src/adapters/simulated/index.ts';
import { bindMigrations } from '../../src/bindings/migrations.ts';
import { Engines } from '../support/engines.ts';
import { plainOptions } from '../support/migration-options.ts';
import type { Moment } from '../support/mortal-process.ts';
import { MortalProcess } from '../support/mortal-process.ts';
import { gib, mib } from '../support/simulated-migration.ts';

const pools = [{ name: 'images', targetPath: '/images', capacityBytes: gib }];
const disk = (targetDev: string) => ({
  targetDev,
  path: `/images/${targetDev}.img`,
  capacityBytes: 8 * mib,
  storage: 'private' as const,
});

/** A move of a domain with two disks, which one process after the other dies over. */
async function moved(deaths: readonly Moment[], change: { sourceDisk?: 'delete' } = {}) {
  const engines = new Engines();
  const { clock } = engines;
  const world = createSimulatedWorld({
    seed: 1,
    clock,
    hosts: [
      { name: 'hostA', pools },
      { name: 'hostB', pools },
    ],
    domains: [
      { name: 'guest', host: 'hostA', state: 'shutoff', disks: [disk('vda'), disk('vdb')] },
    ],
    link: { bandwidthBytesPerS: 64 * mib },
    faults: [],
  });
  const before = world.listing();
  const input = liveMigrationInput({
    domain: 'guest',
    source: 'simulated:///hostA',
    destination: 'simulated:///hostB',
    offline: true,
    options: { ...plainOptions, copyStorage: 'all', destinationConnectUri: null, ...change },
  });
  for (const [index, moment] of deaths.entries()) {
    const mortal = new MortalProcess(moment, () => {
      seat.store.die();
      world.dropClient();
    });
    const seat = engines.seat(bindMigrations(mortal.through(world.hypervisors)));
    if (index === 0) await seat.engine.start('liveMigration', input);
    else await seat.engine.recover();
    await clock.run(mortal.died);
  }
  const heir = engines.seat(bindMigrations(world.hypervisors));
  const [run] = (await heir.engine.recover()).runs;
  if (run === undefined) throw new Error('nothing was left to take over');
  const ending = await clock.run(run.wait());
  if (ending.ended !== 'finished') throw new Error(JSON.stringify(ending));
  return { before, world, output: ending.output as LiveMigrationOutput };
}

const copying: readonly Moment[] = [
  { call: 'createVolume', when: 'before' },
  { call: 'createVolume', when: 'after' },
  { call: 'writeVolume', when: 'before' },
  { call: 'writeVolume', when: 'amid' },
  { call: 'writeVolume', when: 'after' },
  { call: 'createVolume', when: 'after', nth: 2 },
  { call: 'writeVolume', when: 'amid', nth: 2 },
];
const removing: readonly Moment[] = [
  { call: 'deleteVolume', when: 'before' },
  { call: 'deleteVolume', when: 'after' },
];

describe('a move of disks through a process that dies', () => {
  test.each(copying)('$when $call: leaves no volume behind', async (moment) => {
    const { before, output, world } = await moved([moment]);
    expect(output.outcome).toBe('rolledBack');
    expect(output.failure).toMatchObject({ effect: 'none' });
    expect(world.listing()).toEqual(before);
  });

  test.each(removing)('and by another that dies $when $call: neither', async (moment) => {
    const { before, output, world } = await moved([{ call: 'writeVolume', when: 'amid' }, moment]);
    expect(output.outcome).toBe('rolledBack');
    expect(world.listing()).toEqual(before);
  });

  test.each(removing)('$when $call: the disks on the source go all the same', async (moment) => {
    const { output, world } = await moved([moment], { sourceDisk: 'delete' });
    expect(output.outcome).toBe('completed');
    const [here, there] = world.listing();
    expect(here?.volumes).toEqual([]);
    expect(there?.volumes.map(({ path }) => path)).toEqual(['/images/vda.img', '/images/vdb.img']);
    const volumes = output.artefacts.filter(({ kind }) => kind === 'volume');
    expect(volumes.map(({ host, status }) => `${host} ${status}`)).toEqual([
      'simulated:///hostB made',
      'simulated:///hostB made',
      'simulated:///hostA removed',
      'simulated:///hostA removed',
    ]);
  });
});
