import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect } from 'vitest';

import type { GuestOptions, Lab, LabGuest, LabHost } from '../../lab/index.ts';
import { continuity, labUp, lastTick, readTicks, waitForTick } from '../../lab/index.ts';
import type { LiveSnapshotInput, LiveSnapshotOutput } from '../../machines/index.ts';
import { liveSnapshotInput } from '../../machines/index.ts';
import { launchedImages } from '../../src/adapters/images/index.ts';
import { createLibvirtHypervisors } from '../../src/adapters/libvirt/index.ts';
import { bindLiveSnapshot } from '../../src/bindings/live-snapshot.ts';
import { Engine, noLog, systemClock } from '../../src/index.ts';
import type { Hypervisors, Run, StateEntered } from '../../src/index.ts';
import { MemoryStore, SharedMemory } from '../../src/store/memory/index.ts';
import { MortalProcess } from './mortal-process.ts';
import { labNameFor } from './needs.ts';

/** Where images go, as the host sees it. */
export const snapshotDirectory = '/var/lib/libvirt/snapshots';

export interface LabSnapshotRequest {
  readonly input?: Partial<LiveSnapshotInput>;
  readonly through?: (hypervisors: Hypervisors) => Hypervisors;
}

/** A snapshot under way on a lab, with everything that it has entered so far. */
export interface LabSnapshot {
  readonly states: readonly StateEntered[];
  /** Resolves when a state whose path ends so has been entered; rejects when the run ends first. */
  entered(suffix: string): Promise<StateEntered>;
  abort(): boolean;
  end(): Promise<LiveSnapshotOutput>;
}

/** A lab of its own for a test file, with one guest that outlives every test. */
export function useSnapshotLab(
  purpose: string,
  on = 'hostA',
  guestOptions: Partial<GuestOptions> = {},
) {
  let opened: { lab: Lab; hypervisors: Hypervisors; guest: LabGuest } | null = null;
  const manifest: string[] = [];
  const current = () => {
    if (opened === null) throw new Error('the lab is not up yet');
    return opened;
  };
  const host = (): LabHost => current().lab.host(on);
  beforeAll(async () => {
    const lab = await labUp({ name: labNameFor(purpose), hosts: on === 'hostC' ? 3 : 2 });
    const hypervisors = openHypervisors(lab.host(on));
    const guest = await lab.guest('guest', { on, control: 'present', ...guestOptions });
    opened = { lab, hypervisors, guest };
    await mkdir(filesOutside(lab.host(on)), { recursive: true });
  }, 180_000);
  afterAll(async () => {
    await opened?.hypervisors.close();
    await opened?.lab.down();
    if (manifest.length > 0)
      console.log(`machine x state x fault x outcome\n${manifest.join('\n')}`);
  }, 60_000);
  const inputOf = (input: Partial<LiveSnapshotInput> = {}) =>
    liveSnapshotInput({
      domain: current().guest.name,
      host: host().uri,
      directory: snapshotDirectory,
      fileName: 'image.qcow2',
      ...input,
    });
  return {
    get lab() {
      return current().lab;
    },
    get host() {
      return host();
    },
    get guest() {
      return current().guest;
    },
    /** For the table that is printed at the end. */
    note: (state: string, fault: string, { outcome }: { readonly outcome: string }): void => {
      manifest.push(`liveSnapshot x ${state} x ${fault} x ${outcome}`);
    },
    snapshot: (request: LabSnapshotRequest = {}): LabSnapshot => {
      const through = request.through ?? ((plain) => plain);
      const hypervisors = through(current().hypervisors);
      return follow(engineOn(hypervisors, new MemoryStore()), inputOf(request.input));
    },
    /** Our process dies when it enters that state; another one goes on with its run. */
    killedIn: async (
      state: string,
      input: Partial<LiveSnapshotInput> = {},
      meanwhile: () => Promise<void> = () => Promise.resolve(),
    ): Promise<LiveSnapshotOutput> => {
      const memory = new SharedMemory();
      const store = new MemoryStore(memory);
      const own = openHypervisors(host());
      const mortal = new MortalProcess(null, () => store.die());
      const engine = engineOn(mortal.through(own), store);
      engine.on('state.entered', (entered) => {
        if (entered.state.endsWith(state)) void mortal.die();
      });
      const run = await engine.start('liveSnapshot', inputOf(input));
      const ended = await Promise.race([mortal.died, run.wait()]);
      if (ended !== undefined)
        throw new Error(`${state} was not entered: ${JSON.stringify(ended)}`);
      await own.close();
      await meanwhile();
      const heir = engineOn(current().hypervisors, new MemoryStore(memory));
      const [left] = (await heir.recover()).runs;
      if (left === undefined) throw new Error('nothing was left to go on with');
      return outputOf(await left.wait());
    },
    images: () => readdir(filesOutside(host())),
  };
}

let runs = 0;

function engineOn(hypervisors: Hypervisors, store: MemoryStore): Engine {
  return new Engine({
    store,
    clock: systemClock,
    log: noLog,
    machines: [bindLiveSnapshot(hypervisors)],
    newRunId: () => `run-${(runs += 1)}`,
  });
}

/** qemu-img is run where the host's own files are. */
export function openHypervisors(host: LabHost): Hypervisors {
  return createLibvirtHypervisors({
    clock: systemClock,
    images: (uri) => launchedImages(uri, (file, args) => host.spawn(file, args)),
  });
}

const filesOutside = (host: LabHost): string => join(host.paths.libDir, 'snapshots');

function outputOf(ending: Awaited<ReturnType<Run['wait']>>): LiveSnapshotOutput {
  if (ending.ended === 'broken') throw new Error(ending.failure.message);
  return ending.output as LiveSnapshotOutput;
}

function follow(engine: Engine, input: LiveSnapshotInput): LabSnapshot {
  const states: StateEntered[] = [];
  engine.on('state.entered', (event) => states.push(event));
  let run: Run | null = null;
  const atEnd = engine.start('liveSnapshot', input).then((begun) => {
    run = begun;
    return begun.wait();
  });
  return {
    states,
    entered: async (suffix) => {
      const known = states.find(({ state }) => state.endsWith(suffix));
      if (known !== undefined) return known;
      const { promise, resolve } = Promise.withResolvers<StateEntered>();
      engine.on('state.entered', (event) => {
        if (event.state.endsWith(suffix)) resolve(event);
      });
      const first = await Promise.race([promise, atEnd]);
      if ('state' in first) return first;
      const seen = states.map(({ state }) => state).join(' > ');
      throw new Error(`${suffix} was never entered: ${seen}; ${JSON.stringify(first)}`);
    },
    abort: () => run?.send({ type: 'abort.requested' }) ?? false,
    end: async () => outputOf(await atEnd),
  };
}

type Stage = ReturnType<typeof useSnapshotLab>;

/**
 * The guest ticks on without a gap, persistent, thawed, on its own disks and without a job or a claim,
 * and beside it stands nothing but these files.
 */
export async function expectUnharmed(stage: Stage, files: readonly string[] = []): Promise<void> {
  const { guest, host } = stage;
  const last = (await lastTick(guest.serial)) ?? 0;
  await waitForTick(guest.serial, last + 2, { timeoutMs: 30_000 });
  const seen = continuity(await readTicks(guest.serial));
  expect(seen).toMatchObject({ continuous: true, twoWriters: false });
  const { domains } = await host.listing();
  expect(domains?.find(({ name }) => name === guest.name)).toMatchObject({
    state: 'running',
    persistent: true,
    job: null,
    blockJobs: [],
  });
  const definition = await host.virsh(['dumpxml', guest.name]);
  expect(definition).not.toMatch(/<mirror|virtstate:claim|\.delta/);
  expect(await stage.images()).toEqual(files);
}

/** What the guest's agent itself says; it has to be alive. */
export async function freezeStatus({ guest, host }: Stage): Promise<string> {
  const ask = '{"execute":"guest-fsfreeze-status"}';
  const answer: unknown = JSON.parse(await host.virsh(['qemu-agent-command', guest.name, ask]));
  return String(Object(answer).return);
}
