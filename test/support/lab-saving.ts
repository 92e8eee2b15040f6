import { afterAll, beforeAll, expect } from 'vitest';

import type { GuestOptions, Lab, LabGuest, LabHost } from '../../lab/index.ts';
import { continuity, labUp, lastTick, readTicks, waitForTick } from '../../lab/index.ts';
import type { ManagedSaveInput, ManagedSaveOutput } from '../../machines/index.ts';
import { managedSaveInput } from '../../machines/index.ts';
import { createLibvirtHypervisors } from '../../src/adapters/libvirt/index.ts';
import { bindManagedSave } from '../../src/bindings/managed-save.ts';
import { Engine, noLog, systemClock } from '../../src/index.ts';
import type { Hypervisors, Run } from '../../src/index.ts';
import { MemoryStore, SharedMemory } from '../../src/store/memory/index.ts';
import { hooked } from './hooked-hypervisors.ts';
import { labImages } from './lab-images.ts';
import { MortalProcess } from './mortal-process.ts';
import { labNameFor } from './needs.ts';

/** A file for a memory, as the host sees it. */
export const savedFile = '/var/lib/libvirt/images/guest.mem';
/** Where libvirt puts the memory of the guest by itself. */
export const imageDirectory = '/var/lib/libvirt/qemu/save';

type SavingRequest = Partial<Parameters<typeof managedSaveInput>[0]> &
  Pick<ManagedSaveInput, 'action'>;

/** A save, or a guest that goes on, under way. */
export interface LabSaving {
  /** Resolves when a state whose path ends so has been entered; rejects when the run ends first. */
  entered(suffix: string): Promise<void>;
  abort(): boolean;
  end(): Promise<ManagedSaveOutput>;
}

/** A lab of its own for a test file, with one guest that all its tests work on. */
export function useSavingLab(
  purpose: string,
  on: 'hostA' | 'hostC' = 'hostA',
  guestOptions: Partial<GuestOptions> = {},
) {
  let opened: { lab: Lab; hypervisors: Hypervisors; guest: LabGuest } | null = null;
  const manifest: string[] = [];
  const current = () => {
    if (opened === null) throw new Error('the lab is not up yet');
    return opened;
  };
  const host = (): LabHost => current().lab.host(on);
  const inputOf = (request: SavingRequest): ManagedSaveInput =>
    managedSaveInput({ domain: current().guest.name, host: host().uri, ...request });
  beforeAll(async () => {
    const lab = await labUp({ name: labNameFor(purpose), hosts: on === 'hostC' ? 3 : 2 });
    const guest = await lab.guest('guest', { on, agent: 'absent', ...guestOptions });
    opened = { lab, hypervisors: openHypervisors(lab), guest };
  }, 180_000);
  afterAll(async () => {
    await opened?.hypervisors.close();
    await opened?.lab.down();
    if (manifest.length > 0)
      console.log(`machine x state x fault x outcome\n${manifest.join('\n')}`);
  }, 60_000);
  return {
    get host() {
      return host();
    },
    get guest() {
      return current().guest;
    },
    get hypervisors() {
      return current().hypervisors;
    },
    /** For the table that is printed at the end. */
    note: (state: string, fault: string, { outcome }: { readonly outcome: string }): void => {
      manifest.push(`managedSave x ${state} x ${fault} x ${outcome}`);
    },
    run: (
      request: SavingRequest,
      through: (plain: Hypervisors) => Hypervisors = (plain) => plain,
    ): LabSaving =>
      follow(engineOn(through(current().hypervisors), new MemoryStore()), inputOf(request)),
    /** Our process dies in that state, once this has come; another one goes on with its run. */
    killedIn: async (
      state: string,
      request: SavingRequest,
      once: () => Promise<unknown> = () => Promise.resolve(),
    ): Promise<ManagedSaveOutput> => {
      const memory = new SharedMemory();
      const store = new MemoryStore(memory);
      const own = openHypervisors(current().lab);
      const mortal = new MortalProcess(null, () => store.die());
      const engine = engineOn(mortal.through(own), store);
      const dying = Promise.withResolvers<'died'>();
      engine.on('state.entered', (entered) => {
        if (!entered.state.endsWith(state)) return;
        dying.resolve(
          once().then(() => {
            void mortal.die();
            return 'died';
          }),
        );
      });
      const run = await engine.start('managedSave', inputOf(request));
      const ended = await Promise.race([dying.promise, run.wait()]);
      if (ended !== 'died') throw new Error(`${state} was passed: ${JSON.stringify(ended)}`);
      await own.close();
      const heir = engineOn(current().hypervisors, new MemoryStore(memory));
      const [left] = (await heir.recover()).runs;
      if (left === undefined) throw new Error('nothing was left to go on with');
      return outputOf(await left.wait());
    },
  };
}

export type SavingStage = ReturnType<typeof useSavingLab>;

let runs = 0;

function engineOn(hypervisors: Hypervisors, store: MemoryStore): Engine {
  return new Engine({
    store,
    clock: systemClock,
    log: noLog,
    machines: [bindManagedSave(hypervisors)],
    newRunId: () => `run-${(runs += 1)}`,
  });
}

function openHypervisors(lab: Lab): Hypervisors {
  return createLibvirtHypervisors({ clock: systemClock, images: labImages(lab) });
}

function outputOf(ending: Awaited<ReturnType<Run['wait']>>): ManagedSaveOutput {
  if (ending.ended === 'broken') throw new Error(ending.failure.message);
  return ending.output as ManagedSaveOutput;
}

function follow(engine: Engine, input: ManagedSaveInput): LabSaving {
  const states: string[] = [];
  engine.on('state.entered', ({ state }) => states.push(state));
  let run: Run | null = null;
  const atEnd = engine.start('managedSave', input).then((begun) => {
    run = begun;
    return begun.wait();
  });
  return {
    entered: async (suffix) => {
      if (states.some((state) => state.endsWith(suffix))) return;
      const { promise, resolve } = Promise.withResolvers<void>();
      engine.on('state.entered', ({ state }) => {
        if (state.endsWith(suffix)) resolve();
      });
      const ended = await Promise.race([promise, atEnd]);
      if (ended === undefined) return;
      throw new Error(`${suffix} was never entered: ${states.join(' > ')}`);
    },
    abort: () => run?.send({ type: 'abort.requested' }) ?? false,
    end: async () => outputOf(await atEnd),
  };
}

/** The check beforehand would see that there is none. */
export const roomy = hooked({ availableBytes: () => Promise.resolve(2 ** 40) });

/** A compression that takes its time, so that faults find the save under way. */
export const slowly = { qemu: { save_image_format: 'xz' } };

/** The daemon's own status file says that it saves the guest: whatever strikes now, strikes the save. */
export async function untilSaving({ guest, host }: SavingStage): Promise<void> {
  const deadlineMs = performance.now() + 20_000;
  while ((await host.migrationTruth(guest.name))?.asyncJob !== 'save') {
    if (performance.now() > deadlineMs) throw new Error('the daemon never began to save');
    await new Promise((resolve) => {
      setTimeout(resolve, 10);
    });
  }
}

/** The guest ticks on without a gap, persistent, and beside it is no memory, no job and no claim. */
export async function expectTicking(stage: SavingStage): Promise<void> {
  const { guest, host } = stage;
  const last = (await lastTick(guest.serial)) ?? 0;
  await waitForTick(guest.serial, last + 2, { timeoutMs: 30_000 });
  const seen = continuity(await readTicks(guest.serial));
  expect(seen).toMatchObject({ continuous: true, twoWriters: false });
  const { domains, imageFiles } = await host.listing();
  expect(domains?.find(({ name }) => name === guest.name)).toMatchObject({
    state: 'running',
    persistent: true,
    managedSave: false,
    job: null,
    blockJobs: [],
  });
  expect(imageFiles).toEqual([`${guest.name}.qcow2`]);
  expect(await host.run('ls', ['-A', imageDirectory])).toBe('');
  for (const view of [[], ['--inactive']])
    expect(await host.virsh(['dumpxml', guest.name, ...view])).not.toMatch(/urn:virtstate/);
}
