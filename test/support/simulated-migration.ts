import type { LiveMigrationInput, LiveMigrationOutput } from '../../machines/index.ts';
import { liveMigrationInput } from '../../machines/index.ts';
import type { Fault, LinkSpec, SimulatedWorld } from '../../src/adapters/simulated/index.ts';
import { createSimulatedWorld, VirtualClock } from '../../src/adapters/simulated/index.ts';
import type { DomainSpec, HostSpec } from '../../src/adapters/simulated/index.ts';
import { bindMigrations } from '../../src/bindings/migrations.ts';
import { Engine } from '../../src/engine/engine.ts';
import type { StateEntered } from '../../src/engine/events.ts';
import type { RunEnding } from '../../src/engine/run-ending.ts';
import { noLog } from '../../src/ports/log.ts';
import type { MigrationOptions } from '../../src/ports/migration.ts';
import type { RunStore } from '../../src/ports/run-store.ts';
import { MemoryStore } from '../../src/store/memory/index.ts';
import { expectBroken, monitorSimulated } from './invariants.ts';
import { plainOptions } from './migration-options.ts';

export const mib = 2 ** 20;
export const gib = 2 ** 30;

const images = (host: string): HostSpec => ({
  name: host,
  pools: [{ name: 'images', targetPath: '/images', capacityBytes: 10 * gib }],
});

export const sharedGuest: DomainSpec = {
  name: 'guest',
  host: 'hostA',
  persistent: true,
  memoryBytes: 256 * mib,
  dirtyBytesPerS: mib,
  disks: [
    { targetDev: 'vda', path: '/shared/guest.img', capacityBytes: 64 * mib, storage: 'shared' },
  ],
};

export const privateGuest: DomainSpec = {
  ...sharedGuest,
  disks: [
    { targetDev: 'vda', path: '/images/guest.img', capacityBytes: 64 * mib, storage: 'private' },
  ],
};

export interface Scenario {
  readonly domain?: DomainSpec;
  readonly options?: Partial<MigrationOptions>;
  readonly input?: Partial<LiveMigrationInput>;
  readonly faults?: readonly Fault[];
  readonly link?: LinkSpec;
  readonly hosts?: readonly HostSpec[];
  /** Rules of the invariant monitor that are broken on purpose; all others hold. */
  readonly breaks?: readonly string[];
  /** Called with each state as it is entered. */
  readonly onState?: (event: StateEntered, stage: Stage) => void;
}

/** A world with an engine on it, before the migration starts. */
export interface Stage {
  readonly world: SimulatedWorld;
  readonly clock: VirtualClock;
  readonly engine: Engine;
  readonly store: RunStore;
  readonly abort: () => boolean;
}

export interface MigrationEnd {
  readonly world: SimulatedWorld;
  readonly ending: RunEnding;
  readonly output: LiveMigrationOutput;
  readonly states: readonly StateEntered[];
  readonly store: RunStore;
  readonly runId: string;
}

/** Runs one live migration on a simulated world, from the first look to its end. */
export async function migrateSimulated(scenario: Scenario): Promise<MigrationEnd> {
  const clock = new VirtualClock({ startEpochMs: 1_700_000_000_000, pace: 'asFastAsPossible' });
  const world = createSimulatedWorld({
    seed: 1,
    clock,
    hosts: scenario.hosts ?? [images('hostA'), images('hostB')],
    domains: [scenario.domain ?? sharedGuest],
    link: scenario.link ?? { bandwidthBytesPerS: 100 * mib },
    faults: scenario.faults ?? [],
  });
  const store = new MemoryStore();
  const engine = new Engine({
    store,
    clock,
    log: noLog,
    machines: bindMigrations(world.hypervisors),
    newRunId: () => 'run-1',
  });
  const [guest] = world.listing().flatMap(({ domains }) => domains);
  const monitor = monitorSimulated({ world, clock }, guest?.uuid ?? '', engine);
  const states: StateEntered[] = [];
  const run = await engine.start(
    'liveMigration',
    liveMigrationInput({
      domain: 'guest',
      source: 'simulated:///hostA',
      destination: 'simulated:///hostB',
      peerWaitMs: 120_000,
      ...scenario.input,
      options: { ...plainOptions, ...scenario.options },
    }),
  );
  const stage = { world, clock, engine, store, abort: () => run.send({ type: 'abort.requested' }) };
  engine.on('state.entered', (event) => {
    states.push(event);
    scenario.onState?.(event, stage);
  });
  const ending = await clock.run(run.wait());
  if (ending.ended === 'broken') throw new Error(ending.failure.message);
  const output = ending.output as LiveMigrationOutput;
  const report = await clock.run(monitor.settle());
  expectBroken(report, scenario.breaks ?? []);
  return { world, ending, output, states, store, runId: run.id };
}
