import type { LiveSnapshotInput, LiveSnapshotOutput } from '../../machines/index.ts';
import { liveSnapshotInput } from '../../machines/index.ts';
import type { DomainSpec, Fault, SimulatedWorld } from '../../src/adapters/simulated/index.ts';
import { createSimulatedWorld } from '../../src/adapters/simulated/index.ts';
import { bindLiveSnapshot } from '../../src/bindings/live-snapshot.ts';
import { delay } from '../../src/ports/clock.ts';
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

export const liveGuest: DomainSpec & { readonly uuid: string } = {
  name: 'guest',
  host: 'hostA',
  uuid: '11111111-2222-3333-4444-555555555555',
  persistent: true,
  memoryBytes: 256 * mib,
  disks: [diskOf('vda'), diskOf('vdb')],
};

export interface SnapshotScenario {
  readonly guest?: Partial<DomainSpec>;
  readonly input?: Partial<LiveSnapshotInput>;
  readonly faults?: readonly Fault[];
  /** Bytes of the directory that the image goes to. */
  readonly roomBytes?: number;
  /** The process dies when this state is entered, or at that call; another one goes on. */
  readonly death?: { readonly state: string } | Moment;
  /** Nobody drives for so long then. */
  readonly awayMs?: number;
  /** Called with each state as it is entered. */
  readonly onState?: (state: string, stage: SnapshotStage) => void;
}

export interface SnapshotStage {
  readonly world: SimulatedWorld;
  readonly clock: Engines['clock'];
  readonly uuid: string;
  readonly abort: () => void;
}

/** One live snapshot in a simulated world, and what is left of the world. */
export async function snapshotSimulated(scenario: SnapshotScenario = {}) {
  const engines = new Engines();
  const { clock } = engines;
  const { uuid } = liveGuest;
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
    domains: [{ ...liveGuest, ...scenario.guest }],
    link: { bandwidthBytesPerS: 100 * mib },
    faults: scenario.faults ?? [],
  });
  const hand = await world.hypervisors.open(host, unending);
  const run = <T>(work: Promise<T>): Promise<T> => clock.run(work);
  await run(delay(clock, 10_000, unending));
  const before = await held(world);
  const { death } = scenario;
  const states: string[] = [];
  const mortal = new MortalProcess(death !== undefined && 'call' in death ? death : null, () => {
    first.store.die();
    world.dropClient();
  });
  const first = engines.seat([bindLiveSnapshot(mortal.through(world.hypervisors))]);
  const given = { domain: 'guest', host, directory: '/backup', fileName: 'image.qcow2' };
  let driven = await first.engine.start(
    'liveSnapshot',
    liveSnapshotInput({ ...given, ...scenario.input }),
  );
  const abort = (): void => void driven.send({ type: 'abort.requested' });
  const stage = { world, clock, uuid, abort };
  first.engine.on('state.entered', ({ state }) => {
    states.push(state);
    scenario.onState?.(state, stage);
    if (death !== undefined && 'state' in death && state === death.state) void mortal.die();
  });
  if (death !== undefined) {
    const how = mortal.died.then(() => 'died' as const);
    if ((await run(Promise.race([how, driven.wait()]))) !== 'died')
      throw new Error(`it never came to that: ${states.join(' > ')}`);
    await run(delay(clock, scenario.awayMs ?? 0, unending));
    const heir = engines.seat([bindLiveSnapshot(world.hypervisors)]);
    const [taken] = (await heir.engine.recover()).runs;
    if (taken === undefined) throw new Error('nothing was left to take over');
    driven = taken;
    heir.engine.on('state.entered', ({ state }) => states.push(state));
  }
  const ending = await run(driven.wait());
  if (ending.ended !== 'finished') throw new Error(JSON.stringify(ending));
  const output = ending.output as LiveSnapshotOutput;
  const endedAtEpochMs = clock.nowEpochMs();
  await run(delay(clock, 2_000, unending));
  const isUp = world.listing()[0]?.daemon === 'up';
  return {
    before,
    after: await held(world),
    endedAtEpochMs,
    freezeStatus: isUp
      ? await run(hand.freezeStatus(uuid, 1_000, unending).catch(() => 'gone'))
      : 'unknown',
    lastTickOnImage: world.lastTickOn('hostA', '/backup/image.qcow2'),
    output,
    spans: world.ticks(uuid),
    states,
    world,
  };
}

/** All that the host has of the guest, but for what time alone changes. */
async function held(world: SimulatedWorld) {
  const [listing] = world.listing();
  const guest = listing?.domains[0];
  return {
    vcpus: guest?.vcpus,
    state: guest?.state,
    persistent: guest?.persistent,
    claims: guest?.claims,
    disks: guest?.disks.map(({ blockJob, path }) => ({ path, blockJob })),
    files: world.files('hostA').map(({ path }) => path),
  };
}

export type SnapshotEnd = Awaited<ReturnType<typeof snapshotSimulated>>;
