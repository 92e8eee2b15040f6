import type { SwapOrder, VolumeSwapInput, VolumeSwapOutput } from '../../machines/index.ts';
import { volumeSwapInput } from '../../machines/index.ts';
import type {
  DomainSpec,
  Fault,
  HostSpec,
  SimulatedWorld,
} from '../../src/adapters/simulated/index.ts';
import { createSimulatedWorld } from '../../src/adapters/simulated/index.ts';
import { bindVolumeSwap } from '../../src/bindings/volume-swap.ts';
import { delay } from '../../src/ports/clock.ts';
import { placeOf } from '../../src/ports/disk-source.ts';
import type { Hypervisors } from '../../src/ports/hypervisor.ts';
import { MemoryStore, SharedMemory } from '../../src/store/memory/index.ts';
import { Engines } from './engines.ts';
import type { Moment } from './mortal-process.ts';
import { MortalProcess } from './mortal-process.ts';
import { gib, mib } from './simulated-migration.ts';

const host = 'simulated:///hostA';
const unending = new AbortController().signal;

const diskOf = (targetDev: string) => ({
  targetDev,
  path: `/images/${targetDev}.qcow2`,
  capacityBytes: 64 * mib,
  storage: 'private' as const,
  format: 'qcow2',
});

export const swapGuest: DomainSpec & {
  readonly uuid: string;
  readonly disks: readonly ReturnType<typeof diskOf>[];
} = {
  name: 'guest',
  host: 'hostA',
  uuid: '11111111-2222-3333-4444-555555555555',
  persistent: true,
  memoryBytes: 256 * mib,
  disks: [diskOf('vda'), diskOf('vdb')],
};

/** To a file that is made for it. */
export const orderOf = (targetDev = 'vda', more: Partial<SwapOrder> = {}): SwapOrder => ({
  targetDev,
  to: { source: { kind: 'file', path: `/new/${targetDev}.qcow2` }, format: 'qcow2' },
  create: true,
  resizeBytes: null,
  ...more,
});

export interface SwapScenario {
  readonly guest?: Partial<DomainSpec>;
  readonly input?: Partial<VolumeSwapInput>;
  readonly host?: Partial<HostSpec>;
  readonly faults?: readonly Fault[];
  /** Bytes of the directory that the new volumes go to. */
  readonly roomBytes?: number;
  /** The process dies when this state is entered, or at that call; another one goes on. */
  readonly death?: { readonly state: string } | Moment;
  /** What happens at a call of the first process. */
  readonly through?: (plain: Hypervisors) => Hypervisors;
  /** Nobody drives for so long then. */
  readonly awayMs?: number;
  /** What is said to a run that waits for its confirmation, each time. */
  readonly words?: readonly ('confirm' | 'undo')[];
  /** Called with each state as it is entered. */
  readonly onState?: (state: string, stage: SwapStage) => void;
}

export interface SwapStage {
  readonly world: SimulatedWorld;
  readonly clock: Engines['clock'];
  readonly uuid: string;
  readonly abort: () => void;
  /** A second run of the same order, which ends with that outcome. */
  readonly again: () => void;
}

/** One swap of a guest that has run for ten seconds, and what is left of the world. */
export async function swapSimulated(scenario: SwapScenario = {}) {
  const engines = new Engines();
  const { clock } = engines;
  const { uuid } = swapGuest;
  const world = worldOf(scenario, clock);
  const run = <T>(work: Promise<T>): Promise<T> => clock.run(work);
  await run(delay(clock, 10_000, unending));
  const before = held(world);
  const { death, words = [] } = scenario;
  const states: string[] = [];
  const mortal = new MortalProcess(death !== undefined && 'call' in death ? death : null, () => {
    first.store.die();
    world.dropClient();
  });
  const hosts = scenario.through?.(world.hypervisors) ?? world.hypervisors;
  const first = engines.seat([bindVolumeSwap(mortal.through(hosts))]);
  const input = volumeSwapInput({ domain: 'guest', host, disks: [orderOf()], ...scenario.input });
  let driven = await first.engine.start('volumeSwap', input);
  const others: Promise<string>[] = [];
  const stage: SwapStage = {
    world,
    clock,
    uuid,
    abort: () => void driven.send({ type: 'abort.requested' }),
    again: () => void others.push(outcomeOf(world, engines, input)),
  };
  const left = [...words];
  let isHeir = false;
  const note = ({ state }: { readonly state: string }): void => {
    states.push(state);
    scenario.onState?.(state, stage);
    const dies = !isHeir && death !== undefined && 'state' in death && state === death.state;
    if (dies) void mortal.die();
    if (dies || state !== 'awaitingConfirmation') return;
    const word = left.shift();
    // It waits for hours; what is said comes from outside.
    if (word !== undefined)
      clock.schedule(
        clock.nowEpochMs() + 5_000,
        () => void driven.send({ type: `${word}.requested` }),
      );
  };
  first.engine.on('state.entered', note);
  if (death !== undefined) {
    const how = mortal.died.then(() => 'died' as const);
    if ((await run(Promise.race([how, driven.wait()]))) !== 'died')
      throw new Error(`it never came to that: ${states.join(' > ')}`);
    await run(delay(clock, scenario.awayMs ?? 0, unending));
    isHeir = true;
    const heir = engines.seat([bindVolumeSwap(world.hypervisors)]);
    heir.engine.on('state.entered', note);
    const [taken] = (await heir.engine.recover()).runs;
    if (taken === undefined) throw new Error('nothing was left to take over');
    driven = taken;
    if (states.at(-1) === 'awaitingConfirmation' && left.length > 0)
      note({ state: 'awaitingConfirmation' });
  }
  const ending = await run(driven.wait());
  if (ending.ended !== 'finished') throw new Error(JSON.stringify(ending));
  await run(delay(clock, 2_000, unending));
  for (const { daemon } of world.listing()) if (daemon === 'down') world.startDaemon('hostA');
  const hand = await run(world.hypervisors.open(host, unending));
  const configured = (targetDev: string) =>
    run(hand.findDiskImage(uuid, 'configuration', targetDev, unending));
  return {
    before,
    after: held(world),
    configured: [await configured('vda'), await configured('vdb')].map(
      (image) => image && placeOf(image.source),
    ),
    journal: await engines.journal(driven.id),
    output: ending.output as VolumeSwapOutput,
    others: await run(Promise.all(others)),
    spans: world.ticks(uuid),
    states,
    world,
    /** What a guest that boots now would count on from. */
    lastTickOn: (path: string) => world.lastTickOn('hostA', path),
  };
}

export type SwapEnd = Awaited<ReturnType<typeof swapSimulated>>;

function worldOf(
  { faults = [], guest = {}, host: more = {}, roomBytes }: SwapScenario,
  clock: Engines['clock'],
) {
  return createSimulatedWorld({
    seed: 1,
    clock,
    hosts: [
      {
        name: 'hostA',
        pools: [{ name: 'images', targetPath: '/images', capacityBytes: 10 * gib }],
        directories: [{ path: '/new', capacityBytes: roomBytes ?? 10 * gib }],
        ...more,
      },
    ],
    domains: [{ ...swapGuest, ...guest }],
    link: { bandwidthBytesPerS: 100 * mib },
    faults,
  });
}

/** Another engine's, with a store of its own. */
async function outcomeOf(
  world: SimulatedWorld,
  engines: Engines,
  input: VolumeSwapInput,
): Promise<string> {
  const other = engines.seat([bindVolumeSwap(world.hypervisors)], {
    store: new MemoryStore(new SharedMemory()),
    newRunId: () => 'run-of-another',
  });
  const run = await other.engine.start('volumeSwap', input);
  const ending = await run.wait();
  return ending.ended === 'finished' ? (ending.output as VolumeSwapOutput).outcome : ending.ended;
}

/** All that the host has of the guest, but for what time alone changes. */
function held(world: SimulatedWorld) {
  const [listing] = world.listing();
  const guest = listing?.domains.find(({ uuid }) => uuid === swapGuest.uuid);
  return {
    vcpus: guest?.vcpus,
    state: guest?.state,
    persistent: guest?.persistent,
    claims: guest?.claims,
    disks: guest?.disks.map(({ blockJob, path }) => ({ path, blockJob })),
    files: world.files('hostA').map(({ path }) => path),
  };
}
