import { expect } from 'vitest';

import type { Lab, LabGuest, LabHost } from '../../lab/index.ts';
import { continuity, lastTick, readTicks, waitForTick } from '../../lab/index.ts';
import { createLibvirtHypervisors } from '../../src/adapters/libvirt/index.ts';
import type { BoundMachine } from '../../src/engine/slots.ts';
import { Engine, noLog, systemClock } from '../../src/index.ts';
import type { Hypervisors, Log, Run } from '../../src/index.ts';
import { MemoryStore, SharedMemory } from '../../src/store/memory/index.ts';
import type { FollowedRun } from './followed-run.ts';
import { followRun, outputOf } from './followed-run.ts';
import { labImages } from './lab-images.ts';
import { MortalProcess } from './mortal-process.ts';
import type { Moment } from './mortal-process.ts';

/** Who keeps what a run writes down, and hears what it says. */
export interface Witness {
  readonly memory: SharedMemory;
  readonly log: Log;
}

/** What may happen to a run on the way. */
export interface OnTheWay extends Partial<Death> {
  readonly witness?: Witness;
  readonly through?: (hypervisors: Hypervisors) => Hypervisors;
  /** Called with each state as it is entered; what it resolves to is waited for at the end. */
  readonly onState?: (
    state: string,
    abort: () => void,
    send: (event: { readonly type: string }) => void,
  ) => Promise<void> | void;
}

/** Our process dies when it enters that state, or at that call; another one goes on with its run. */
export interface Death {
  readonly dieIn: string | Moment;
  /** Only then, while it is in that state. */
  readonly dieOnce?: () => Promise<void>;
  /** Before the other one. */
  readonly meanwhile?: () => Promise<void>;
  /** Said to the run once the other one has it. */
  readonly word?: { readonly type: string };
}

/** Where runs go. */
export interface LabHosts {
  readonly lab: Lab;
  readonly hypervisors: Hypervisors;
}

/** The hosts of a lab, whose files are reached where they are. */
export const openLabHosts = (lab: Lab): Hypervisors =>
  createLibvirtHypervisors({ clock: systemClock, images: labImages(lab) });

/** Runs of one machine on a lab, each by an engine of its own. */
export function labRuns<Output>(bind: (hypervisors: Hypervisors) => BoundMachine) {
  let runs = 0;
  const engineOn = (hypervisors: Hypervisors, store: MemoryStore, log = noLog): Engine =>
    new Engine({
      store,
      clock: systemClock,
      log,
      machines: [bind(hypervisors)],
      newRunId: () => `run-${(runs += 1)}`,
    });

  /** A run that a test goes along with. */
  const follow = (hypervisors: Hypervisors, input: unknown): FollowedRun<Output> =>
    followRun(engineOn(hypervisors, new MemoryStore()), bind(hypervisors).machine.id, input);

  const toItsEnd = async (
    hypervisors: Hypervisors,
    input: unknown,
    { onState, witness }: OnTheWay,
  ): Promise<Output> => {
    const engine = engineOn(hypervisors, new MemoryStore(witness?.memory), witness?.log);
    const acts: Promise<void>[] = [];
    let run: Run | null = null;
    const send = (event: { readonly type: string }): void => void run?.send(event);
    const abort = (): void => send({ type: 'abort.requested' });
    engine.on('state.entered', ({ state }) =>
      acts.push(Promise.resolve(onState?.(state, abort, send))),
    );
    run = await engine.start(bind(hypervisors).machine.id, input);
    const output = outputOf(await run.wait()) as Output;
    await Promise.all(acts);
    return output;
  };

  const diedOver = async (
    { hypervisors, lab }: LabHosts,
    input: unknown,
    { dieIn, dieOnce, meanwhile, word }: Death,
  ): Promise<Output> => {
    const own = openLabHosts(lab);
    const memory = new SharedMemory();
    const store = new MemoryStore(memory);
    const mortal = new MortalProcess(typeof dieIn === 'string' ? null : dieIn, () => store.die());
    const engine = engineOn(mortal.through(own), store);
    const dying = Promise.withResolvers<void>();
    const die = async (): Promise<void> => {
      if (dieOnce !== undefined) await dieOnce();
      void mortal.die();
    };
    engine.on('state.entered', ({ state }) => {
      if (typeof dieIn === 'string' && state.endsWith(dieIn)) dying.resolve(die());
    });
    const run = await engine.start(bind(own).machine.id, input);
    const ended = await Promise.race([dying.promise, mortal.died, run.wait()]);
    if (ended !== undefined)
      throw new Error(`${JSON.stringify(dieIn)} was passed: ${JSON.stringify(ended)}`);
    await own.close();
    await meanwhile?.();
    const heir = engineOn(hypervisors, new MemoryStore(memory));
    const [left] = (await heir.recover()).runs;
    if (left === undefined) throw new Error('nothing was left to go on with');
    if (word !== undefined) left.send(word);
    return outputOf(await left.wait()) as Output;
  };

  /** A run to its end, whoever gets it there. */
  const drive = (
    hosts: LabHosts,
    input: unknown,
    { dieIn, through = (plain) => plain, ...way }: OnTheWay,
  ): Promise<Output> =>
    dieIn === undefined
      ? toItsEnd(through(hosts.hypervisors), input, way)
      : diedOver(hosts, input, { dieIn, ...way });

  return { drive, follow };
}

/**
 * The daemon has begun the guest's QEMU. One of 9.0 that is killed just before waits for that QEMU for
 * ever when it is back, and nothing can be done to the domain any more.
 */
export async function untilQemuRuns({
  guest,
  host,
}: {
  readonly guest: LabGuest;
  readonly host: LabHost;
}): Promise<void> {
  const names = () => host.qemuProcesses();
  await expect.poll(names, { timeout: 60_000, interval: 5 }).toContain(guest.name);
}

/** The guest ticks on without a gap. */
export async function expectTicking({ guest }: { readonly guest: LabGuest }): Promise<void> {
  const last = (await lastTick(guest.serial)) ?? 0;
  await waitForTick(guest.serial, last + 2, { timeoutMs: 60_000 });
  const seen = continuity(await readTicks(guest.serial));
  expect(seen).toMatchObject({ continuous: true, twoWriters: false });
}
