import type { BoundMachine } from '../../src/engine/slots.ts';
import type { Hypervisors } from '../../src/ports/hypervisor.ts';
import type { Moment } from './mortal-process.ts';
import { MortalProcess } from './mortal-process.ts';
import type { SimulatedHost } from './simulated-host.ts';
import { uuid } from './simulated-host.ts';

const unending = new AbortController().signal;

/** What may befall a run on the way. */
export interface OnTheWay {
  readonly through?: (plain: Hypervisors) => Hypervisors;
  /** The process dies when this state is entered, or at that call; another one goes on. */
  readonly death?: { readonly state: string } | Moment;
  /** Nobody drives for so long then. */
  readonly awayMs?: number;
  /** Called with each state as it is entered, until the process dies. */
  readonly onState?: (state: string, stage: Stage) => void;
}

export interface Stage extends SimulatedHost {
  readonly abort: () => boolean;
  /** Somebody destroys it. */
  readonly endGuest: () => void;
}

/** Does that when the state is entered for the first time. */
export function onceIn(at: string, act: (stage: Stage) => void): Pick<OnTheWay, 'onState'> {
  let done = false;
  return {
    onState: (state, stage) => {
      if (done || state !== at) return;
      done = true;
      act(stage);
    },
  };
}

/** The daemon dies, and is back after three seconds. */
export function restartDaemon({ later, world }: Stage): void {
  world.killDaemon('hostA');
  later(3_000, () => world.startDaemon('hostA'));
}

/** Runs a machine on a simulated host to its end, and the host for two seconds more. */
export async function driveSimulated(
  host: SimulatedHost,
  bind: (hypervisors: Hypervisors) => BoundMachine,
  input: unknown,
  { awayMs = 0, death, onState, through = (plain) => plain }: OnTheWay,
) {
  const { clock, engines, hand, pass, world } = host;
  const hypervisors = through(world.hypervisors);
  const moment = death !== undefined && 'call' in death ? death : null;
  const mortal = new MortalProcess(moment, () => {
    first.store.die();
    world.dropClient();
  });
  const bound = bind(mortal.through(hypervisors));
  const first = engines.seat([bound]);
  let run = await first.engine.start(bound.machine.id, input);
  const stage: Stage = {
    ...host,
    abort: () => run.send({ type: 'abort.requested' }),
    endGuest: () => void hand.destroy(uuid, unending),
  };
  const states: string[] = [];
  first.engine.on('state.entered', ({ state }) => {
    states.push(state);
    onState?.(state, stage);
    if (death !== undefined && 'state' in death && state === death.state) void mortal.die();
  });
  if (death !== undefined) {
    const how = mortal.died.then(() => 'died' as const);
    if ((await clock.run(Promise.race([how, run.wait()]))) !== 'died')
      throw new Error(`it never came to that: ${states.join(' > ')}`);
    await pass(awayMs);
    const heir = engines.seat([bind(hypervisors)]);
    const [taken] = (await heir.engine.recover()).runs;
    if (taken === undefined) throw new Error('nothing was left to take over');
    run = taken;
    heir.engine.on('state.entered', ({ state }) => states.push(state));
  }
  const ending = await clock.run(run.wait());
  if (ending.ended !== 'finished') throw new Error(JSON.stringify(ending));
  const endedAtEpochMs = clock.nowEpochMs();
  await pass(2_000);
  return {
    endedAtEpochMs,
    journal: await engines.journal(run.id),
    output: ending.output,
    spans: world.ticks(uuid),
    states,
  };
}
