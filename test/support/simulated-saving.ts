import type { ManagedSaveOutput } from '../../machines/index.ts';
import { managedSaveInput } from '../../machines/index.ts';
import type { DomainSpec, Fault, SimulatedWorld } from '../../src/adapters/simulated/index.ts';
import { createSimulatedWorld } from '../../src/adapters/simulated/index.ts';
import { bindManagedSave } from '../../src/bindings/managed-save.ts';
import { delay } from '../../src/ports/clock.ts';
import type { Hypervisor } from '../../src/ports/hypervisor.ts';
import { Engines } from './engines.ts';
import type { Moment } from './mortal-process.ts';
import { MortalProcess } from './mortal-process.ts';
import { gib, mib, privateGuest } from './simulated-migration.ts';

const host = 'simulated:///hostA';
const unending = new AbortController().signal;
const uuid = '11111111-2222-3333-4444-555555555555';
export const memoryPath = '/images/guest.mem';

export type SavingRequest = Partial<Parameters<typeof managedSaveInput>[0]>;

export interface SavingScenario {
  readonly request?: SavingRequest;
  readonly guest?: Partial<DomainSpec>;
  /** Done to the host before the run begins. */
  readonly before?: (hand: Hypervisor) => Promise<unknown>;
  readonly faults?: readonly Fault[];
  /** Bytes that the directory of libvirt's own images has. */
  readonly roomBytes?: number;
  /** The process dies when this state is entered, or at that call; another one goes on. */
  readonly death?: { readonly state: string } | Moment;
  /** Nobody drives for so long then. */
  readonly awayMs?: number;
  readonly onState?: (state: string, stage: SavingStage) => void;
}

export interface SavingStage {
  readonly world: SimulatedWorld;
  readonly clock: Engines['clock'];
  readonly hand: Hypervisor;
  readonly abort: () => void;
}

/** One managed save in a simulated world, and what is left of the world. */
export async function savingSimulated(scenario: SavingScenario = {}) {
  const engines = new Engines();
  const { clock } = engines;
  const world = worldOf(scenario, clock);
  const hand = await world.hypervisors.open(host, unending);
  await clock.run(delay(clock, 10_000, unending));
  await clock.run(Promise.resolve(scenario.before?.(hand)));
  const { death } = scenario;
  const moment = death !== undefined && 'call' in death ? death : null;
  const mortal = new MortalProcess(moment, () => {
    first.store.die();
    world.dropClient();
  });
  const first = engines.seat([bindManagedSave(mortal.through(world.hypervisors))]);
  const states: string[] = [];
  const input = managedSaveInput({ domain: 'guest', host, action: 'save', ...scenario.request });
  let run = await first.engine.start('managedSave', input);
  const abort = (): void => void run.send({ type: 'abort.requested' });
  first.engine.on('state.entered', ({ state }) => {
    states.push(state);
    scenario.onState?.(state, { world, clock, hand, abort });
    if (death !== undefined && 'state' in death && state === death.state) void mortal.die();
  });
  if (death !== undefined) {
    const how = mortal.died.then(() => 'died' as const);
    if ((await clock.run(Promise.race([how, run.wait()]))) !== 'died')
      throw new Error(`it never came to that: ${states.join(' > ')}`);
    await clock.run(delay(clock, scenario.awayMs ?? 0, unending));
    const heir = engines.seat([bindManagedSave(world.hypervisors)]);
    const [taken] = (await heir.engine.recover()).runs;
    if (taken === undefined) throw new Error('nothing was left to take over');
    run = taken;
    heir.engine.on('state.entered', ({ state }) => states.push(state));
  }
  const ending = await clock.run(run.wait());
  if (ending.ended !== 'finished') throw new Error(JSON.stringify(ending));
  const output = ending.output as ManagedSaveOutput;
  await clock.run(delay(clock, 2_000, unending));
  const [listing] = world.listing();
  return {
    output,
    states,
    guest: listing?.domains[0] ?? null,
    files: world.files('hostA').map(({ path }) => path),
    spans: world.ticks(uuid),
  };
}

export type SavingEnd = Awaited<ReturnType<typeof savingSimulated>>;

function worldOf({ faults = [], guest, roomBytes }: SavingScenario, clock: Engines['clock']) {
  return createSimulatedWorld({
    seed: 1,
    clock,
    hosts: [
      {
        name: 'hostA',
        pools: [{ name: 'images', targetPath: '/images', capacityBytes: 10 * gib }],
        directories: [{ path: '/var/lib/libvirt/qemu/save', capacityBytes: roomBytes ?? 10 * gib }],
      },
    ],
    domains: [{ ...privateGuest, uuid, memoryBytes: 256 * mib, ...guest }],
    link: { bandwidthBytesPerS: 100 * mib },
    faults,
  });
}
