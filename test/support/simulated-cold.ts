import type { ColdSnapshotInput, ColdSnapshotOutput } from '../../machines/index.ts';
import { coldSnapshotInput } from '../../machines/index.ts';
import type { DomainSpec, Fault, SimulatedWorld } from '../../src/adapters/simulated/index.ts';
import { createSimulatedWorld } from '../../src/adapters/simulated/index.ts';
import { bindColdSnapshot } from '../../src/bindings/cold-snapshot.ts';
import { delay } from '../../src/ports/clock.ts';
import { Engines } from './engines.ts';
import type { Moment } from './mortal-process.ts';
import { MortalProcess } from './mortal-process.ts';
import { gib, mib } from './simulated-migration.ts';

const host = 'simulated:///hostA';

export const coldGuest: DomainSpec = {
  name: 'guest',
  host: 'hostA',
  uuid: '11111111-2222-3333-4444-555555555555',
  memoryBytes: 256 * mib,
  disks: [
    {
      targetDev: 'vda',
      path: '/images/guest.qcow2',
      capacityBytes: 64 * mib,
      storage: 'private',
      format: 'qcow2',
    },
  ],
  devices: [
    { alias: 'net0', element: 'interface', passthrough: 'sriov', needsGuest: true },
    { alias: 'hostdev0', element: 'hostdev', passthrough: 'mdev', needsGuest: true },
    { alias: 'rng0', element: 'rng', needsGuest: true },
  ],
};
const uuid = coldGuest.uuid ?? '';

export interface ColdScenario {
  readonly guest?: Partial<DomainSpec>;
  readonly input?: Partial<ColdSnapshotInput>;
  readonly faults?: readonly Fault[];
  /** Bytes of the directory that the image goes to. */
  readonly roomBytes?: number;
  /** The process dies when this state is entered, or at that call; another one goes on. */
  readonly death?: { readonly state: string } | Moment;
  /** Nobody drives for so long then. */
  readonly awayMs?: number;
  /** Called with each state as it is entered. */
  readonly onState?: (state: string, stage: ColdStage) => void;
}

export interface ColdStage {
  readonly world: SimulatedWorld;
  readonly clock: Engines['clock'];
  readonly abort: () => void;
  /** Somebody destroys it. */
  readonly endGuest: () => void;
}

/** One cold snapshot in a simulated world, and what is left of the world. */
export async function coldSimulated(scenario: ColdScenario = {}) {
  const engines = new Engines();
  const { clock } = engines;
  const world = createSimulatedWorld({
    seed: 1,
    clock,
    hosts: [
      {
        name: 'hostA',
        pools: [{ name: 'images', targetPath: '/images', capacityBytes: 10 * gib }],
        directories: [{ path: '/backup', capacityBytes: scenario.roomBytes ?? 10 * gib }],
      },
    ],
    domains: [{ ...coldGuest, ...scenario.guest }],
    link: { bandwidthBytesPerS: 100 * mib },
    faults: scenario.faults ?? [],
  });
  const hand = await world.hypervisors.open(host, unending);
  await clock.run(delay(clock, 10_000, unending));
  const before = await held(world, hand, clock.run.bind(clock));
  const { death } = scenario;
  const states: string[] = [];
  const moment = death !== undefined && 'call' in death ? death : null;
  const mortal = new MortalProcess(moment, () => {
    first.store.die();
    world.dropClient();
  });
  const first = engines.seat([bindColdSnapshot(mortal.through(world.hypervisors))]);
  const input = coldSnapshotInput({
    domain: 'guest',
    host,
    directory: '/backup',
    fileName: 'image.qcow2',
    ...scenario.input,
  });
  let run = await first.engine.start('coldSnapshot', input);
  const stage = {
    world,
    clock,
    abort: () => void run.send({ type: 'abort.requested' }),
    endGuest: () => void hand.destroy(uuid, unending),
  };
  const follow = ({ engine }: typeof first): void => {
    engine.on('state.entered', ({ state }) => {
      states.push(state);
      scenario.onState?.(state, stage);
      if (death !== undefined && 'state' in death && state === death.state) void mortal.die();
    });
  };
  follow(first);
  if (death !== undefined) {
    const how = mortal.died.then(() => 'died' as const);
    if ((await clock.run(Promise.race([how, run.wait()]))) !== 'died')
      throw new Error(`it never came to that: ${states.join(' > ')}`);
    await clock.run(delay(clock, scenario.awayMs ?? 0, unending));
    const heir = engines.seat([bindColdSnapshot(world.hypervisors)]);
    const [taken] = (await heir.engine.recover()).runs;
    if (taken === undefined) throw new Error('nothing was left to take over');
    run = taken;
    heir.engine.on('state.entered', ({ state }) => states.push(state));
  }
  const ending = await clock.run(run.wait());
  if (ending.ended !== 'finished') throw new Error(JSON.stringify(ending));
  const output = ending.output as ColdSnapshotOutput;
  await clock.run(delay(clock, 2_000, unending));
  const after = await held(world, hand, clock.run.bind(clock));
  const lastTickOnImage = world.lastTickOn('hostA', '/backup/image.qcow2');
  return { after, before, lastTickOnImage, output, spans: world.ticks(uuid), states, world };
}

const unending = new AbortController().signal;

type Hand = Awaited<ReturnType<SimulatedWorld['hypervisors']['open']>>;

/** All that the host has of the guest, but for what time alone changes. */
async function held(world: SimulatedWorld, hand: Hand, run: <T>(work: Promise<T>) => Promise<T>) {
  const [listing] = world.listing();
  const guest = listing?.domains[0];
  const devices = await run(hand.findDevices(uuid, unending));
  return {
    vcpus: guest?.vcpus,
    state: guest?.state,
    persistent: guest?.persistent,
    managedSave: guest?.managedSave,
    claims: guest?.claims,
    disks: guest?.disks.map(({ blockJob, path }) => ({ path, blockJob })),
    devices: devices.map(({ alias }) => alias),
    files: world.files('hostA').map(({ path }) => path),
  };
}
