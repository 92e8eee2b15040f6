import { instanceSnapshotInput } from '../../machines/index.ts';
import type { InstanceSnapshotInput, InstanceSnapshotOutput } from '../../machines/index.ts';
import { createImageStores } from '../../src/adapters/images/index.ts';
import { bindSnapshots } from '../../src/bindings/snapshots.ts';
import { MortalProcess } from './mortal-process.ts';
import { coldGuest } from './simulated-cold.ts';
import type { HostScenario } from './simulated-host.ts';
import { hostUri, openSimulatedHost } from './simulated-host.ts';

export const store = { kind: 'directory', directory: '/backup' } as const;
const unending = new AbortController().signal;

export interface ImageScenario extends HostScenario {
  readonly input?: Partial<InstanceSnapshotInput>;
  /** The process dies when this state is entered, and another one goes on. */
  readonly deathIn?: string;
}

/** One image of a guest that has run for ten seconds. */
export async function imageSimulated({ deathIn, input, ...scenario }: ImageScenario = {}) {
  const { clock, engines, world } = await openSimulatedHost(scenario, {
    ...coldGuest,
    devices: [],
  });
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
  const asked = instanceSnapshotInput({
    domain: 'guest',
    host: hostUri,
    store,
    name: 'nightly',
    ...input,
  });
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
  const shelf = await clock.run(stores.open(store, hostUri, unending));
  return {
    journal: await engines.journal(run.id),
    output: ending.output as InstanceSnapshotOutput,
    states,
    kept: await clock.run(shelf.find('nightly', unending)),
    files: world.files('hostA').map(({ path }) => path),
    tick: world.lastTickOn('hostA', '/backup/nightly.qcow2'),
    guest: world.listing()[0]?.domains[0],
  };
}
