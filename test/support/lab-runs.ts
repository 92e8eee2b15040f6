import { expect } from 'vitest';

import type { Lab, LabGuest } from '../../lab/index.ts';
import { continuity, lastTick, readTicks, waitForTick } from '../../lab/index.ts';
import { createLibvirtHypervisors } from '../../src/adapters/libvirt/index.ts';
import type { BoundMachine } from '../../src/engine/slots.ts';
import { Engine, noLog, systemClock } from '../../src/index.ts';
import type { Hypervisors, Run } from '../../src/index.ts';
import { MemoryStore, SharedMemory } from '../../src/store/memory/index.ts';
import { labImages } from './lab-images.ts';
import { MortalProcess } from './mortal-process.ts';

/** What may happen to a run on the way. */
export interface OnTheWay {
  readonly through?: (hypervisors: Hypervisors) => Hypervisors;
  /** Called with each state as it is entered; what it resolves to is waited for at the end. */
  readonly onState?: (state: string, abort: () => void) => Promise<void> | void;
  /** Our process dies when it enters that state; another one goes on with its run. */
  readonly dieIn?: string;
}

/** The hosts of a lab, whose files are reached where they are. */
export const openLabHosts = (lab: Lab): Hypervisors =>
  createLibvirtHypervisors({ clock: systemClock, images: labImages(lab) });

/** Runs of one machine on a lab, each by an engine of its own. */
export function labRuns<Output>(bind: (hypervisors: Hypervisors) => BoundMachine) {
  let runs = 0;
  const engineOn = (hypervisors: Hypervisors, store: MemoryStore): Engine =>
    new Engine({
      store,
      clock: systemClock,
      log: noLog,
      machines: [bind(hypervisors)],
      newRunId: () => `run-${(runs += 1)}`,
    });
  const outputOf = (ending: Awaited<ReturnType<Run['wait']>>): Output => {
    if (ending.ended === 'broken') throw new Error(ending.failure.message);
    return ending.output as Output;
  };

  const drive = async (
    hypervisors: Hypervisors,
    input: unknown,
    { onState }: OnTheWay,
  ): Promise<Output> => {
    const engine = engineOn(hypervisors, new MemoryStore());
    const acts: Promise<void>[] = [];
    let run: Run | null = null;
    const abort = (): void => void run?.send({ type: 'abort.requested' });
    engine.on('state.entered', ({ state }) => acts.push(Promise.resolve(onState?.(state, abort))));
    run = await engine.start(bind(hypervisors).machine.id, input);
    const output = outputOf(await run.wait());
    await Promise.all(acts);
    return output;
  };

  const dieAndGoOn = async (
    { heirs, own }: { readonly own: Hypervisors; readonly heirs: Hypervisors },
    input: unknown,
    dieIn: string,
  ): Promise<Output> => {
    const memory = new SharedMemory();
    const store = new MemoryStore(memory);
    const mortal = new MortalProcess(null, () => store.die());
    const engine = engineOn(mortal.through(own), store);
    engine.on('state.entered', ({ state }) => {
      if (state.endsWith(dieIn)) void mortal.die();
    });
    const run = await engine.start(bind(own).machine.id, input);
    const ended = await Promise.race([mortal.died, run.wait()]);
    if (ended !== undefined) throw new Error(`${dieIn} was not entered: ${JSON.stringify(ended)}`);
    await own.close();
    const [left] = (await engineOn(heirs, new MemoryStore(memory)).recover()).runs;
    if (left === undefined) throw new Error('nothing was left to go on with');
    return outputOf(await left.wait());
  };

  return (
    { hypervisors, lab }: { readonly hypervisors: Hypervisors; readonly lab: Lab },
    input: unknown,
    way: OnTheWay,
  ): Promise<Output> =>
    way.dieIn === undefined
      ? drive(way.through?.(hypervisors) ?? hypervisors, input, way)
      : dieAndGoOn({ own: openLabHosts(lab), heirs: hypervisors }, input, way.dieIn);
}

/** The guest ticks on without a gap. */
export async function expectTicking({ guest }: { readonly guest: LabGuest }): Promise<void> {
  const last = (await lastTick(guest.serial)) ?? 0;
  await waitForTick(guest.serial, last + 2, { timeoutMs: 60_000 });
  const seen = continuity(await readTicks(guest.serial));
  expect(seen).toMatchObject({ continuous: true, twoWriters: false });
}
