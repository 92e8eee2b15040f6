import { Engine, noLog } from '../../src/index.ts';
import type { Hypervisors, Run, StateEntered } from '../../src/index.ts';
import { delay } from '../../src/ports/clock.ts';
import type { Failure } from '../../src/ports/failure.ts';
import { MemoryStore, SharedMemory } from '../../src/store/memory/index.ts';
import type { BoundMachine } from '../../src/engine/slots.ts';
import { outputOf } from '../support/followed-run.ts';
import { hooked } from '../support/hooked-hypervisors.ts';
import { MortalProcess } from '../support/mortal-process.ts';
import { lookAt } from './final-world.ts';
import { lookOn } from './onlookers.ts';
import { bindAll, inputOf } from './orders.ts';
import type { PlayWorld } from './play-world.ts';
import type { PlayRecord } from './record.ts';
import { normalStates } from './record.ts';
import type { Deed, Order, Script } from './script.ts';
import { strandOf } from './strands.ts';

/** How long a world is left alone when a run has ended: the other host may have something to end, too. */
const settlingMs = 1_500;
const unending = new AbortController().signal;

/** What every machine of ours ends with. */
interface Ended {
  readonly outcome: string;
  readonly failure: Failure | null;
}

/** Plays a script from its first run to what is left of the world. */
export async function play(script: Script, world: PlayWorld): Promise<PlayRecord> {
  const { order } = script;
  for (const each of script.first ?? []) await makeReady(each, world);
  const isMoved = order.machine === 'liveMigration';
  const onlookers = await lookOn(
    world,
    isMoved ? { hostA: 'source', hostB: 'destination' } : { hostA: 'alone' },
  );
  const performance = new Performance(script, world);
  const { outcome, failure } = await performance.toItsEnd();
  await delay(world.clock, settlingMs, unending);
  const events = await onlookers.end();
  const hosts = isMoved ? (['hostA', 'hostB'] as const) : (['hostA'] as const);
  const looks = await Promise.all(
    hosts.map(async (host) => [host, await lookAt(world, host)] as const),
  );
  return {
    outcome,
    failure: failure && {
      code: failure.code,
      effect: failure.effect,
      libvirt: failure.libvirt?.code ?? null,
    },
    states: performance.strands(),
    events,
    world: Object.fromEntries(looks),
  };
}

function engineOf(hypervisors: Hypervisors, world: PlayWorld, memory: SharedMemory): Engine {
  return new Engine({
    store: new MemoryStore(memory),
    clock: world.clock,
    log: noLog,
    machines: bindAll(hypervisors),
    newRunId: () => 'run-1',
  });
}

async function makeReady(what: Order | Deed, world: PlayWorld): Promise<void> {
  if ('do' in what) return perform(what, world, null);
  const engine = engineOf(world.looking, world, new SharedMemory());
  const run = await engine.start(what.machine, inputOf(what, world));
  const { outcome, failure } = outputOf(await run.wait()) as Ended;
  if (outcome !== 'completed') throw new Error(`${what.machine}: ${JSON.stringify(failure)}`);
}

/** The check beforehand would see that there is no room. */
const roomy = hooked({ availableBytes: () => Promise.resolve(2 ** 40) });

/** The run that a script is about. */
class Performance {
  readonly #machines: ReadonlyMap<string, BoundMachine>;
  readonly #entered: { readonly machine: string; readonly state: string }[] = [];
  readonly #script: Script;
  readonly #world: PlayWorld;
  readonly #deeds: Promise<void>[] = [];
  readonly #failures: unknown[] = [];
  readonly #left: Set<NonNullable<Script['scenes']>[number]>;
  readonly #memory = new SharedMemory();
  #run: Run | null = null;

  constructor(script: Script, world: PlayWorld) {
    this.#script = script;
    this.#world = world;
    this.#left = new Set(script.scenes);
    const bound = bindAll(world.looking);
    this.#machines = new Map(bound.map((each) => [each.machine.id, each]));
  }

  /** What was entered, strand by strand. */
  strands(): Record<string, string[]> {
    const strands = new Map<string, string[]>();
    for (const { machine: id, state } of this.#entered) {
      const { machine } = this.#machines.get(id) ?? {};
      if (machine === undefined) throw new Error(`there is no machine ${id}`);
      const strand = strandOf(machine, state);
      const isRegion = strand !== id;
      const name = isRegion ? state.slice(strand.length - id.length) : state;
      strands.set(strand, [...(strands.get(strand) ?? []), name]);
    }
    return Object.fromEntries([...strands].map(([name, words]) => [name, normalStates(words)]));
  }

  async toItsEnd(): Promise<Ended> {
    const { dies, order } = this.#script;
    let isDying = false;
    const own = this.#world.openProcess();
    const mortal = new MortalProcess(null, () => store.die());
    const through = this.#script.small === undefined ? own.hypervisors : roomy(own.hypervisors);
    const store = new MemoryStore(this.#memory);
    const engine = new Engine({
      store,
      clock: this.#world.clock,
      log: noLog,
      machines: bindAll(mortal.through(through)),
      newRunId: () => 'run-1',
    });
    engine.on('state.entered', (entered) => {
      this.#note(entered);
      if (dies !== undefined && !isDying && entered.state.endsWith(dies.in)) {
        isDying = true;
        void this.#perform(dies.once ?? []).then(() => mortal.die());
      }
    });
    this.#run = await engine.start(order.machine, inputOf(order, this.#world));
    const died = mortal.died.then(() => null);
    let ending = await Promise.race([died, this.#run.wait()]);
    await own.die();
    if (ending === null) ending = await (await this.#inherit()).wait();
    else if (dies !== undefined) throw new Error(`${dies.in} was never entered`);
    await Promise.all(this.#deeds);
    for (const failure of this.#failures) throw failure;
    for (const { in: state } of this.#left)
      throw new Error(`${state} was never entered: ${this.#path()}`);
    return outputOf(ending) as Ended;
  }

  /** Another process goes on with it. */
  async #inherit(): Promise<Run> {
    await delay(this.#world.clock, this.#script.dies?.awayMs ?? 0, unending);
    const heir = engineOf(this.#world.looking, this.#world, this.#memory);
    heir.on('state.entered', (entered) => this.#note(entered));
    const [left] = (await heir.recover()).runs;
    if (left === undefined) throw new Error('nothing was left to go on with');
    this.#run = left;
    return left;
  }

  #note({ machine, state }: StateEntered): void {
    this.#entered.push({ machine, state });
    for (const scene of this.#left) {
      if (!state.endsWith(scene.in)) continue;
      this.#left.delete(scene);
      const failed = (error: unknown): void => void this.#failures.push(error);
      this.#deeds.push(this.#perform(scene.deeds).catch(failed));
    }
  }

  #path(): string {
    return this.#entered.map(({ state }) => state).join(' > ');
  }

  async #perform(deeds: readonly Deed[]): Promise<void> {
    for (const deed of deeds) await perform(deed, this.#world, this.#run);
  }
}

async function perform(deed: Deed, world: PlayWorld, run: Run | null): Promise<void> {
  if (deed.do !== 'send') await delay(world.clock, world.handMs, unending);
  switch (deed.do) {
    case 'send':
      if (run?.send({ type: deed.event }) !== true)
        throw new Error(`${deed.event} is not allowed there`);
      return;
    case 'pass':
      return delay(world.clock, deed.ms, unending);
    case 'untilJob':
      return untilJob(deed, world);
    case 'suspend':
    case 'resume':
    case 'destroy':
    case 'undefine': {
      const host = await world.looking.open(world.uri(deed.host), unending);
      return host[deed.do](world.guest.uuid, unending);
    }
    case 'removeFile': {
      const host = await world.looking.open(world.uri(deed.host), unending);
      return host.removeFile(deed.path, unending);
    }
    default:
      return world.act(deed);
  }
}

async function untilJob(
  { host: name, job }: Extract<Deed, { do: 'untilJob' }>,
  world: PlayWorld,
): Promise<void> {
  const host = await world.looking.open(world.uri(name), unending);
  for (let tries = 0; tries < 2_000; tries += 1) {
    const status = await host.findStatus(world.guest.uuid, unending);
    if (status?.job?.operation === job) return;
    await delay(world.clock, 10, unending);
  }
  throw new Error(`no ${job} on ${name} in time`);
}
