import { describe, expect, test } from 'vitest';

import { instanceSnapshotInput } from '../../machines/index.ts';
import type { InstanceSnapshotInput, InstanceSnapshotOutput } from '../../machines/index.ts';
import { createImageStores } from '../../src/adapters/images/index.ts';
import type { DomainSpec, Fault } from '../../src/adapters/simulated/index.ts';
import { createSimulatedWorld } from '../../src/adapters/simulated/index.ts';
import { bindSnapshots } from '../../src/bindings/snapshots.ts';
import { delay } from '../../src/ports/clock.ts';
import { Engines } from '../support/engines.ts';
import { MortalProcess } from '../support/mortal-process.ts';
import { coldGuest } from '../support/simulated-cold.ts';
import { gib, mib } from '../support/simulated-migration.ts';

const host = 'simulated:///hostA';
const store = { kind: 'directory', directory: '/backup' } as const;
const unending = new AbortController().signal;

interface Scenario {
  readonly guest?: Partial<DomainSpec>;
  readonly input?: Partial<InstanceSnapshotInput>;
  readonly faults?: readonly Fault[];
  /** The process dies when this state is entered, and another one goes on. */
  readonly deathIn?: string;
}

/** One image of a guest that has run for ten seconds. */
async function snapshotOf({ deathIn, faults = [], guest = {}, input = {} }: Scenario = {}) {
  const engines = new Engines();
  const { clock } = engines;
  const world = createSimulatedWorld({
    seed: 1,
    clock,
    hosts: [
      {
        name: 'hostA',
        pools: [{ name: 'images', targetPath: '/images', capacityBytes: 10 * gib }],
        directories: [{ path: '/backup', capacityBytes: 10 * gib }],
      },
    ],
    domains: [{ ...coldGuest, devices: [], ...guest }],
    link: { bandwidthBytesPerS: 100 * mib },
    faults,
  });
  await clock.run(delay(clock, 10_000, unending));
  const stores = createImageStores(world.hypervisors);
  const mortal = new MortalProcess(null, () => {
    first.store.die();
    world.dropClient();
  });
  const doomed = mortal.through(world.hypervisors);
  const first = engines.seat(bindSnapshots(doomed, createImageStores(doomed)));
  const states: string[] = [];
  first.engine.on('state.entered', ({ machine, state }) => {
    if (machine === 'instanceSnapshot') states.push(state);
    if (machine === 'instanceSnapshot' && deathIn === state) void mortal.die();
  });
  const asked = instanceSnapshotInput({ domain: 'guest', host, store, name: 'nightly', ...input });
  let run = await first.engine.start('instanceSnapshot', asked);
  if (deathIn !== undefined) {
    await clock.run(mortal.died);
    const heir = engines.seat(bindSnapshots(world.hypervisors, stores));
    const [taken] = (await heir.engine.recover()).runs;
    if (taken === undefined) throw new Error('nothing was left to take over');
    run = taken;
  }
  const ending = await clock.run(run.wait());
  if (ending.ended !== 'finished') throw new Error(JSON.stringify(ending));
  const shelf = await clock.run(stores.open(store, host, unending));
  return {
    output: ending.output as InstanceSnapshotOutput,
    states,
    kept: await clock.run(shelf.find('nightly', unending)),
    files: world.files('hostA').map(({ path }) => path),
    tick: world.lastTickOn('hostA', '/backup/nightly.qcow2'),
    guest: world.listing()[0]?.domains[0],
  };
}

const own = ['/backup/nightly.json', '/backup/nightly.qcow2', '/images/guest.qcow2'];

describe('an image of a guest', () => {
  test('that runs is taken while it runs, and is found in the store', async () => {
    const { files, guest, kept, output, states, tick } = await snapshotOf();
    expect(states).toContain('takingLive');
    expect(output).toMatchObject({ outcome: 'completed', way: 'live', image: kept });
    expect(kept).toMatchObject({
      name: 'nightly',
      format: 'qcow2',
      source: { host, domainName: 'guest', targetDev: 'vda' },
    });
    expect(tick).toBeGreaterThan(40);
    expect(files.toSorted()).toEqual(own);
    expect(guest).toMatchObject({ state: 'running', claims: [] });
  });

  test('that is shut off is taken as it lies', async () => {
    const { files, kept, output } = await snapshotOf({ guest: { state: 'shutoff' } });
    expect(output).toMatchObject({ outcome: 'completed', way: 'offline', consistency: 'crash' });
    expect(kept?.consistency).toBe('crash');
    expect(files.toSorted()).toEqual(own);
  });

  test('whose live way fails is taken at rest', async () => {
    const faults: Fault[] = [{ at: { call: 'copyBlock' }, do: 'refuse' }];
    const { files, guest, output, states } = await snapshotOf({ faults });
    expect(states).toContain('takingCold');
    expect(output).toMatchObject({ outcome: 'completed', failure: null, way: 'cold' });
    expect(output.notes).toHaveLength(1);
    expect(files.toSorted()).toEqual(own);
    expect(guest).toMatchObject({ state: 'running', claims: [] });
  });

  test('that may not stand still comes to nothing then, and leaves nothing', async () => {
    const faults: Fault[] = [{ at: { call: 'copyBlock' }, do: 'refuse' }];
    const { files, kept, output } = await snapshotOf({ faults, input: { mayFallBack: false } });
    expect(output).toMatchObject({ outcome: 'rolledBack', artefacts: [] });
    expect(kept).toBeNull();
    expect(files).toEqual(['/images/guest.qcow2']);
  });

  test.each([
    ['a slash in its name', { name: 'a/b' }, 'nameValid'],
    ['no such domain', { domain: 'other' }, 'domainExists'],
    ['a format that nobody writes', { format: 'doc' }, 'someWay'],
    ['a directory that is not there', { store: { ...store, directory: '/none' } }, 'someWay'],
    ['a live way for a guest that does not run', { way: 'live' }, 'someWay'],
  ] as const)('is refused for %s', async (_, input, code) => {
    const guest = 'way' in input ? ({ state: 'shutoff' } as const) : {};
    const { files, output } = await snapshotOf({ guest, input });
    expect(output).toMatchObject({ outcome: 'refused', failure: { code } });
    expect(files).toEqual(['/images/guest.qcow2']);
  });

  test.each(['takingLive', 'keeping.storing'])(
    'is whole although its process died in %s',
    async (deathIn) => {
      const { files, kept, output } = await snapshotOf({ deathIn });
      expect(output).toMatchObject({ outcome: 'completed', image: kept });
      expect(files.toSorted()).toEqual(own);
    },
  );

  test('that the store does not take goes away again', async () => {
    const faults: Fault[] = Array.from({ length: 200 }, () => ({
      at: { call: 'checksumFile' },
      do: 'refuse',
    }));
    const { files, kept, output } = await snapshotOf({ faults });
    expect(output).toMatchObject({ outcome: 'rolledBack' });
    expect(kept).toBeNull();
    expect(files).toEqual(['/images/guest.qcow2']);
  });
});
