import type { SnapshotRevertInput } from '../../machines/policy/snapshot-revert.ts';
import { snapshotRevertInput } from '../../machines/policy/snapshot-revert.ts';
import type { SnapshotRevertOutput } from '../../machines/snapshot-revert.setup.ts';
import type { DomainSpec, Fault, SimulatedWorld } from '../../src/adapters/simulated/index.ts';
import { createSimulatedWorld } from '../../src/adapters/simulated/index.ts';
import { bindSnapshotRevert } from '../../src/bindings/snapshot-revert.ts';
import { delay } from '../../src/ports/clock.ts';
import type { Hypervisor, Hypervisors } from '../../src/ports/hypervisor.ts';
import type { SnapshotRequest } from '../../src/ports/snapshots.ts';
import { Engines } from './engines.ts';
import type { Moment } from './mortal-process.ts';
import { MortalProcess } from './mortal-process.ts';
import { snapshotGuest, uuid } from './simulated-domain-snapshot.ts';
import { gib, mib } from './simulated-migration.ts';

const host = 'simulated:///hostA';
const unending = new AbortController().signal;

export interface RevertScenario {
  readonly guest?: Partial<DomainSpec>;
  /** The snapshot that is there; the guest ticks on for ten seconds after it. */
  readonly kind?: 'internal' | 'external';
  readonly libvirtVersion?: number;
  readonly input?: Partial<SnapshotRevertInput>;
  readonly faults?: readonly Fault[];
  readonly through?: (plain: Hypervisors) => Hypervisors;
  /** Done to the host after the snapshot was taken, by somebody. */
  readonly meanwhile?: (hand: Hypervisor) => Promise<void>;
  /** The process dies when this state is entered, or at that call; another one goes on. */
  readonly death?: { readonly state: string } | Moment;
  /** Called with each state as it is entered. */
  readonly onState?: (state: string, stage: RevertStage) => void;
}

export interface RevertStage {
  readonly world: SimulatedWorld;
  readonly hand: Hypervisor;
  readonly abort: () => boolean;
  readonly later: (delayMs: number, act: () => void) => void;
}

export const memoryPath = '/images/guest.then.memory';

function requestOf(kind: 'internal' | 'external', isActive: boolean): SnapshotRequest {
  const overlayOf = (name: string) => (kind === 'external' ? `/images/${name}.then` : null);
  const memory = kind === 'external' ? ({ kind, path: memoryPath } as const) : { kind };
  return {
    name: 'then',
    description: null,
    memory: isActive ? memory : { kind: 'none' },
    disks: [
      { targetDev: 'vda', kind, overlayPath: overlayOf('guest'), format: 'qcow2' },
      { targetDev: 'vdb', kind, overlayPath: overlayOf('second'), format: 'qcow2' },
    ],
    diskOnly: kind === 'external' && !isActive,
    quiesce: false,
    atomic: kind === 'external',
    reuseExternal: false,
    halt: false,
    noMetadata: false,
    live: false,
  };
}

/** One revert in a simulated world, and what is left of the world. */
export async function revertSimulated(scenario: RevertScenario = {}) {
  const engines = new Engines();
  const { clock } = engines;
  const { death, kind = 'internal', through = (plain: Hypervisors) => plain } = scenario;
  const pool = { name: 'images', targetPath: '/images', capacityBytes: 10 * gib };
  const guest = { ...snapshotGuest, ...scenario.guest };
  const libvirtVersion = scenario.libvirtVersion ?? (kind === 'external' ? 11_003_000 : 9_000_000);
  const world = createSimulatedWorld({
    seed: 1,
    clock,
    hosts: [{ name: 'hostA', libvirtVersion, pools: [pool] }],
    domains: [guest],
    link: { bandwidthBytesPerS: 100 * mib },
    faults: scenario.faults ?? [],
  });
  const hand = await world.hypervisors.open(host, unending);
  await clock.run(delay(clock, 10_000, unending));
  const request = requestOf(kind, guest.state !== 'shutoff');
  await clock.run(hand.createSnapshot(uuid, request, unending));
  await clock.run(delay(clock, 10_000, unending));
  if (scenario.meanwhile !== undefined) await clock.run(scenario.meanwhile(hand));
  const before = await clock.run(held(world, hand));
  const ticksBefore = world.ticks(uuid).at(-1)?.lastTick ?? 0;
  const states: string[] = [];
  const mortal = new MortalProcess(death !== undefined && 'call' in death ? death : null, () => {
    first.store.die();
    world.dropClient();
  });
  const hypervisors = through(world.hypervisors);
  const first = engines.seat([bindSnapshotRevert(mortal.through(hypervisors))]);
  const input = snapshotRevertInput({ domain: 'guest', host, name: 'then', ...scenario.input });
  let run = await first.engine.start('snapshotRevert', input);
  const stage: RevertStage = {
    world,
    hand,
    abort: () => run.send({ type: 'abort.requested' }),
    later: (delayMs, act) => void clock.schedule(clock.nowEpochMs() + delayMs, act),
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
    const heir = engines.seat([bindSnapshotRevert(hypervisors)]);
    const [taken] = (await heir.engine.recover()).runs;
    if (taken === undefined) throw new Error('nothing was left to take over');
    run = taken;
    heir.engine.on('state.entered', ({ state }) => states.push(state));
  }
  const ending = await clock.run(run.wait());
  if (ending.ended !== 'finished') throw new Error(JSON.stringify(ending));
  const output = ending.output as SnapshotRevertOutput;
  await clock.run(delay(clock, 2_000, unending));
  const after = await clock.run(held(world, hand));
  return { after, before, output, states, ticksBefore, spans: world.ticks(uuid), world };
}

/** All that the host has of the guest, but for what time alone changes. */
async function held(world: SimulatedWorld, hand: Hypervisor) {
  const guest = world.listing()[0]?.domains[0];
  const snapshots = await hand.listSnapshots(uuid, unending);
  return {
    vcpus: guest?.vcpus,
    state: guest?.state,
    persistent: guest?.persistent,
    claims: guest?.claims,
    job: guest?.job,
    snapshots: snapshots.map(({ current, name }) => `${name}${current ? ' *' : ''}`),
    disks: guest?.disks.map(({ blockJob, path }) => ({ path, blockJob })),
  };
}
