import type { DomainSnapshotInput, DomainSnapshotOutput } from '../../machines/index.ts';
import { domainSnapshotInput } from '../../machines/index.ts';
import type { DomainSpec, Fault, SimulatedWorld } from '../../src/adapters/simulated/index.ts';
import { createSimulatedWorld } from '../../src/adapters/simulated/index.ts';
import { bindDomainSnapshot } from '../../src/bindings/domain-snapshot.ts';
import { delay } from '../../src/ports/clock.ts';
import type { Hypervisors } from '../../src/ports/hypervisor.ts';
import { Engines } from './engines.ts';
import type { Moment } from './mortal-process.ts';
import { MortalProcess } from './mortal-process.ts';
import { gib, mib } from './simulated-migration.ts';

const host = 'simulated:///hostA';
const unending = new AbortController().signal;
const file = { capacityBytes: 64 * mib, storage: 'private', format: 'qcow2' } as const;

export const uuid = '11111111-2222-3333-4444-555555555555';
export const snapshotGuest: DomainSpec = {
  name: 'guest',
  host: 'hostA',
  uuid,
  memoryBytes: 256 * mib,
  disks: [
    { targetDev: 'vda', path: '/images/guest.qcow2', ...file },
    { targetDev: 'vdb', path: '/images/second.qcow2', ...file },
  ],
};

export interface SnapshotScenario {
  readonly guest?: Partial<DomainSpec>;
  readonly input?: Partial<DomainSnapshotInput>;
  readonly faults?: readonly Fault[];
  readonly through?: (plain: Hypervisors) => Hypervisors;
  /** The process dies when this state is entered, or at that call; another one goes on. */
  readonly death?: { readonly state: string } | Moment;
  /** Called with each state as it is entered. */
  readonly onState?: (state: string, stage: SnapshotStage) => void;
}

export interface SnapshotStage {
  readonly world: SimulatedWorld;
  readonly abort: () => boolean;
  /** Somebody destroys it. */
  readonly endGuest: () => void;
  readonly later: (delayMs: number, act: () => void) => void;
}

/** One snapshot in a simulated world, and what is left of the world. */
export async function snapshotSimulated(scenario: SnapshotScenario = {}) {
  const engines = new Engines();
  const { clock } = engines;
  const world = createSimulatedWorld({
    seed: 1,
    clock,
    hosts: [
      {
        name: 'hostA',
        pools: [{ name: 'images', targetPath: '/images', capacityBytes: 10 * gib }],
      },
    ],
    domains: [{ ...snapshotGuest, ...scenario.guest }],
    link: { bandwidthBytesPerS: 100 * mib },
    faults: scenario.faults ?? [],
  });
  const hand = await world.hypervisors.open(host, unending);
  await clock.run(delay(clock, 10_000, unending));
  const before = held(world);
  const { death, through = (plain: Hypervisors) => plain } = scenario;
  const states: string[] = [];
  const moment = death !== undefined && 'call' in death ? death : null;
  const mortal = new MortalProcess(moment, () => {
    first.store.die();
    world.dropClient();
  });
  const hypervisors = through(world.hypervisors);
  const first = engines.seat([bindDomainSnapshot(mortal.through(hypervisors))]);
  const asked = { domain: 'guest', host, name: 'before', ...scenario.input };
  let run = await first.engine.start('domainSnapshot', domainSnapshotInput(asked));
  const stage = {
    world,
    abort: () => run.send({ type: 'abort.requested' }),
    endGuest: () => void hand.destroy(uuid, unending),
    later: (delayMs: number, act: () => void) =>
      void clock.schedule(clock.nowEpochMs() + delayMs, act),
  };
  first.engine.on('state.entered', ({ state }) => {
    states.push(state);
    scenario.onState?.(state, stage);
    if (death !== undefined && 'state' in death && state === death.state) void mortal.die();
  });
  if (death !== undefined) {
    const how = mortal.died.then(() => 'died' as const);
    if ((await clock.run(Promise.race([how, run.wait()]))) !== 'died')
      throw new Error(`it never came to that: ${states.join(' > ')}`);
    const heir = engines.seat([bindDomainSnapshot(hypervisors)]);
    const [taken] = (await heir.engine.recover()).runs;
    if (taken === undefined) throw new Error('nothing was left to take over');
    run = taken;
    heir.engine.on('state.entered', ({ state }) => states.push(state));
  }
  const ending = await clock.run(run.wait());
  if (ending.ended !== 'finished') throw new Error(JSON.stringify(ending));
  const output = ending.output as DomainSnapshotOutput;
  await clock.run(delay(clock, 2_000, unending));
  const snapshots = await clock.run(hand.listSnapshots(uuid, unending));
  const spans = world.ticks(uuid);
  return { after: held(world), before, output, snapshots, spans, states, world, hand, clock };
}

/** All that the host has of the guest, but for what time alone changes. */
function held(world: SimulatedWorld) {
  const guest = world.listing()[0]?.domains[0];
  return {
    vcpus: guest?.vcpus,
    state: guest?.state,
    persistent: guest?.persistent,
    claims: guest?.claims,
    snapshotCount: guest?.snapshotCount,
    job: guest?.job,
    disks: guest?.disks.map(({ blockJob, path }) => ({ path, blockJob })),
    files: world.files('hostA').map(({ path }) => path),
  };
}
