import type {
  DomainSnapshotInput,
  SnapshotDeleteInput,
  SnapshotDeleteOutput,
} from '../../machines/index.ts';
import { domainSnapshotInput, snapshotDeleteInput } from '../../machines/index.ts';
import type { DomainSpec, Fault, SimulatedWorld } from '../../src/adapters/simulated/index.ts';
import { createSimulatedWorld } from '../../src/adapters/simulated/index.ts';
import { bindDomainSnapshot } from '../../src/bindings/domain-snapshot.ts';
import { bindSnapshotDelete } from '../../src/bindings/snapshot-delete.ts';
import { delay } from '../../src/ports/clock.ts';
import type { Hypervisor, Hypervisors } from '../../src/ports/hypervisor.ts';
import type { Run } from '../../src/index.ts';
import { Engines } from './engines.ts';
import type { Moment } from './mortal-process.ts';
import { MortalProcess } from './mortal-process.ts';
import { gib, mib } from './simulated-migration.ts';
import { snapshotGuest, uuid } from './simulated-domain-snapshot.ts';

const host = 'simulated:///hostA';
const unending = new AbortController().signal;

export interface DeletionScenario {
  readonly guest?: Partial<DomainSpec>;
  /** Snapshots that are made first, each over the one before. */
  readonly tree?: readonly (Partial<DomainSnapshotInput> & { readonly name: string })[];
  readonly input?: Partial<SnapshotDeleteInput>;
  readonly libvirtVersion?: number;
  readonly through?: (plain: Hypervisors) => Hypervisors;
  readonly faults?: readonly Fault[];
  /** The process dies when this state is entered, or at that call; another one goes on. */
  readonly death?: { readonly state: string } | Moment;
  /** Before anything is deleted. */
  readonly meanwhile?: (stage: DeletionStage) => Promise<void>;
  /** Called with each state as it is entered. */
  readonly onState?: (state: string, stage: DeletionStage) => void;
}

export interface DeletionStage {
  readonly world: SimulatedWorld;
  readonly hand: Hypervisor;
  readonly abort: () => boolean;
  readonly later: (delayMs: number, act: () => void) => void;
}

/** A deletion in a simulated world, and what is left of the world. */
export async function deleteSimulated(scenario: DeletionScenario = {}) {
  const engines = new Engines();
  const { clock } = engines;
  const { death, libvirtVersion, through = (plain: Hypervisors) => plain } = scenario;
  const world = createSimulatedWorld({
    seed: 1,
    clock,
    hosts: [
      {
        name: 'hostA',
        ...(libvirtVersion === undefined ? {} : { libvirtVersion }),
        pools: [{ name: 'images', targetPath: '/images', capacityBytes: 10 * gib }],
      },
    ],
    domains: [{ ...snapshotGuest, ...scenario.guest }],
    link: { bandwidthBytesPerS: 100 * mib },
    faults: scenario.faults ?? [],
  });
  const hand = await world.hypervisors.open(host, unending);
  await clock.run(delay(clock, 2_000, unending));
  const maker = engines.seat([bindDomainSnapshot(world.hypervisors)]);
  for (const asked of scenario.tree ?? [{ name: 'one' }, { name: 'two' }, { name: 'three' }]) {
    const input = domainSnapshotInput({ domain: 'guest', host, ...asked });
    const made = await maker.engine.start('domainSnapshot', input);
    const ending = await clock.run(made.wait());
    if (ending.ended !== 'finished' || Object(ending.output).outcome !== 'completed')
      throw new Error(`${asked.name}: ${JSON.stringify(ending)}`);
    await clock.run(delay(clock, 2_000, unending));
  }
  const states: string[] = [];
  const moment = death !== undefined && 'call' in death ? death : null;
  const mortal = new MortalProcess(moment, () => {
    first.store.die();
    world.dropClient();
  });
  const hypervisors = through(world.hypervisors);
  const first = engines.seat([bindSnapshotDelete(mortal.through(hypervisors))]);
  const later = (delayMs: number, act: () => void): void =>
    void clock.schedule(clock.nowEpochMs() + delayMs, act);
  let run: Run | null = null;
  const abort = (): boolean => run?.send({ type: 'abort.requested' }) ?? false;
  const stage: DeletionStage = { world, hand, abort, later };
  await clock.run(scenario.meanwhile?.(stage) ?? Promise.resolve());
  const before = held(world);
  const what = {
    kind: 'snapshot',
    name: 'three',
    children: 'keep',
    metadataOnly: false,
    by: 'auto',
  } as const;
  const input = snapshotDeleteInput({ domain: 'guest', host, what, ...scenario.input });
  first.engine.on('state.entered', ({ state }) => {
    states.push(state);
    scenario.onState?.(state, stage);
    if (death !== undefined && 'state' in death && state === death.state) void mortal.die();
  });
  run = await first.engine.start('snapshotDelete', input);
  if (death !== undefined) {
    const how = mortal.died.then(() => 'died' as const);
    if ((await clock.run(Promise.race([how, run.wait()]))) !== 'died')
      throw new Error(`it never came to that: ${states.join(' > ')}`);
    const heir = engines.seat([bindSnapshotDelete(hypervisors)]);
    const [taken] = (await heir.engine.recover()).runs;
    if (taken === undefined) throw new Error('nothing was left to take over');
    run = taken;
    heir.engine.on('state.entered', ({ state }) => states.push(state));
  }
  const ending = await clock.run(run.wait());
  if (ending.ended !== 'finished') throw new Error(JSON.stringify(ending));
  const output = ending.output as SnapshotDeleteOutput;
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

export type DeletionEnd = Awaited<ReturnType<typeof deleteSimulated>>;
