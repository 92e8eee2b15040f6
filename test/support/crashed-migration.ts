import type { LiveMigrationInput, LiveMigrationOutput } from '../../machines/index.ts';
import { liveMigrationInput } from '../../machines/index.ts';
import type { DomainSpec, Fault } from '../../src/adapters/simulated/index.ts';
import { createSimulatedWorld } from '../../src/adapters/simulated/index.ts';
import { bindMigrations } from '../../src/bindings/migrations.ts';
import { delay } from '../../src/ports/clock.ts';
import { Engines } from './engines.ts';
import { plainOptions } from './migration-options.ts';
import { MortalProcess } from './mortal-process.ts';
import { gib, mib, privateGuest, sharedGuest } from './simulated-migration.ts';

const pools = [{ name: 'images', targetPath: '/images', capacityBytes: gib }];

/** When a process dies that drives a migration, and what else happens to it. */
export interface Crash {
  /** The process dies when this state is entered. */
  readonly state: string;
  /** How long nobody drives then. */
  readonly awayMs?: number;
  readonly faults?: readonly Fault[];
  readonly guest?: DomainSpec;
  readonly protocol?: LiveMigrationInput['protocol'];
}

/** A migration in the simulated world whose process dies; another one goes on with it. */
export async function crashedMigration({
  awayMs = 0,
  faults = [],
  guest: domain = sharedGuest,
  protocol = 'peer2peer',
  state,
}: Crash) {
  const engines = new Engines();
  const { clock } = engines;
  const world = createSimulatedWorld({
    seed: 1,
    clock,
    hosts: [
      { name: 'hostA', pools },
      { name: 'hostB', pools },
    ],
    domains: [domain],
    // The memory takes four seconds.
    link: { bandwidthBytesPerS: 64 * mib },
    faults,
  });
  const mortal = new MortalProcess(null, () => {
    victim.store.die();
    world.dropClient();
  });
  const victim = engines.seat(bindMigrations(mortal.through(world.hypervisors)));
  victim.engine.on('state.entered', (entered) => {
    if (entered.state.endsWith(state)) void mortal.die();
  });
  const ends = { source: 'simulated:///hostA', destination: 'simulated:///hostB' };
  const options = {
    ...plainOptions,
    destinationConnectUri: protocol === 'direct' ? null : ends.destination,
    copyStorage: domain === privateGuest ? ('all' as const) : ('none' as const),
  };
  await victim.engine.start(
    'liveMigration',
    liveMigrationInput({ domain: 'guest', protocol, ...ends, options }),
  );
  await clock.run(mortal.died);
  const diedAtEpochMs = clock.nowEpochMs();
  await clock.run(delay(clock, awayMs, new AbortController().signal));
  const heir = engines.seat(bindMigrations(world.hypervisors));
  const [run] = (await heir.engine.recover()).runs;
  if (run === undefined) throw new Error('nothing was left to take over');
  const ending = await clock.run(run.wait());
  if (ending.ended !== 'finished') throw new Error(JSON.stringify(ending));
  const output = ending.output as LiveMigrationOutput;
  const [guest] = world.listing().flatMap(({ domains }) => domains);
  return { world, output, diedAtEpochMs, spans: world.ticks(guest?.uuid ?? '') };
}
