import { readdir } from 'node:fs/promises';
import { afterAll, beforeAll, expect } from 'vitest';

import type { Lab, LabGuest, LabHost } from '../../lab/index.ts';
import { labUp, lastTick, readTicks, waitForTick } from '../../lab/index.ts';
import type { SnapshotRevertInput } from '../../machines/policy/snapshot-revert.ts';
import { snapshotRevertInput } from '../../machines/policy/snapshot-revert.ts';
import type { SnapshotRevertOutput } from '../../machines/snapshot-revert.setup.ts';
import { createLibvirtHypervisors } from '../../src/adapters/libvirt/index.ts';
import { bindSnapshotRevert } from '../../src/bindings/snapshot-revert.ts';
import { Engine, noLog, systemClock } from '../../src/index.ts';
import type { Hypervisors, Run } from '../../src/index.ts';
import { MemoryStore, SharedMemory } from '../../src/store/memory/index.ts';
import { labImages } from './lab-images.ts';
import { MortalProcess } from './mortal-process.ts';
import { labNameFor } from './needs.ts';

export interface LabRevertRequest {
  readonly input: Partial<SnapshotRevertInput> & Pick<SnapshotRevertInput, 'name'>;
  readonly through?: (hypervisors: Hypervisors) => Hypervisors;
  /** Called with each state as it is entered; what it resolves to is waited for at the end. */
  readonly onState?: (state: string) => Promise<void> | void;
  /** Our process dies when it enters that state; another one goes on with its run. */
  readonly dieIn?: string;
  /** Only then, while it is in that state. */
  readonly dieOnce?: () => Promise<void>;
}

const open = (lab: Lab): Hypervisors =>
  createLibvirtHypervisors({ clock: systemClock, images: labImages(lab) });

/** A lab of its own for a test file, with one guest that outlives every test. */
export function useRevertLab(purpose: string, on: 'hostA' | 'hostC') {
  let opened: { lab: Lab; hypervisors: Hypervisors; guest: LabGuest } | null = null;
  const manifest: string[] = [];
  const current = () => {
    if (opened === null) throw new Error('the lab is not up yet');
    return opened;
  };
  const host = (): LabHost => current().lab.host(on);
  beforeAll(async () => {
    const lab = await labUp({ name: labNameFor(purpose), hosts: on === 'hostC' ? 3 : 2 });
    const guest = await lab.guest('guest', { on, agent: 'absent' });
    opened = { lab, hypervisors: open(lab), guest };
  }, 240_000);
  afterAll(async () => {
    await opened?.hypervisors.close();
    await opened?.lab.down();
    if (manifest.length > 0)
      console.log(`machine x state x fault x outcome\n${manifest.join('\n')}`);
  }, 60_000);
  const virsh = (...args: string[]): Promise<string> => host().virsh(args);
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
    virsh,
    /** For the table that is printed at the end. */
    note: (state: string, fault: string, { outcome }: { readonly outcome: string }): void => {
      manifest.push(`snapshotRevert x ${state} x ${fault} x ${outcome}`);
    },
    revert: async (request: LabRevertRequest): Promise<SnapshotRevertOutput> => {
      const { guest, hypervisors, lab } = current();
      const input = snapshotRevertInput({
        domain: guest.name,
        host: host().uri,
        ...request.input,
      });
      return request.dieIn === undefined
        ? drive(request.through?.(hypervisors) ?? hypervisors, input, request)
        : dieAndGoOn({ own: open(lab), heirs: hypervisors }, input, request.dieIn, request.dieOnce);
    },
    /** All that a revert may change of a domain and beside it, but for what the guest writes. */
    picture: async () => {
      const { name } = current().guest;
      const { domains } = await host().listing();
      const listed = domains?.find((each) => each.name === name);
      const [live, configured, tree] = await Promise.all([
        virsh('dumpxml', name),
        virsh('dumpxml', '--inactive', name),
        virsh('snapshot-list', name, '--tree'),
      ]);
      const descends = await virsh('snapshot-current', name, '--name').catch(() => '');
      return {
        tree,
        current: descends.trim(),
        claimed: [live, configured].some((xml) => xml.includes('virtstate:claim')),
        disks: [sourceIn(live), sourceIn(configured)],
        state: listed?.state,
        persistent: listed?.persistent,
        managedSave: listed?.managedSave,
        job: listed?.job,
        blockJobs: listed?.blockJobs,
        files: (await readdir(host().paths.imagesDir)).toSorted(),
      };
    },
  };
}

export type RevertLab = ReturnType<typeof useRevertLab>;

const sourceIn = (xml: string): string | undefined => /<source file='([^']*)'/.exec(xml)?.[1];

let runs = 0;

function engineOn(hypervisors: Hypervisors, store: MemoryStore): Engine {
  return new Engine({
    store,
    clock: systemClock,
    log: noLog,
    machines: [bindSnapshotRevert(hypervisors)],
    newRunId: () => `run-${(runs += 1)}`,
  });
}

function outputOf(ending: Awaited<ReturnType<Run['wait']>>): SnapshotRevertOutput {
  if (ending.ended === 'broken') throw new Error(ending.failure.message);
  return ending.output as SnapshotRevertOutput;
}

async function drive(
  hypervisors: Hypervisors,
  input: SnapshotRevertInput,
  { onState }: LabRevertRequest,
): Promise<SnapshotRevertOutput> {
  const engine = engineOn(hypervisors, new MemoryStore());
  const doings: (Promise<void> | void)[] = [];
  engine.on('state.entered', ({ state }) => doings.push(onState?.(state)));
  const run = await engine.start('snapshotRevert', input);
  const output = outputOf(await run.wait());
  for (const doing of doings) await doing;
  return output;
}

async function dieAndGoOn(
  { heirs, own }: { readonly own: Hypervisors; readonly heirs: Hypervisors },
  input: SnapshotRevertInput,
  state: string,
  once: () => Promise<void> = () => Promise.resolve(),
): Promise<SnapshotRevertOutput> {
  const memory = new SharedMemory();
  const store = new MemoryStore(memory);
  const mortal = new MortalProcess(null, () => store.die());
  const engine = engineOn(mortal.through(own), store);
  engine.on('state.entered', (entered) => {
    if (entered.state.endsWith(state)) void once().then(() => mortal.die());
  });
  const run = await engine.start('snapshotRevert', input);
  const ended = await Promise.race([mortal.died, run.wait()]);
  if (ended !== undefined) throw new Error(`${state} was passed: ${JSON.stringify(ended)}`);
  await own.close();
  const heir = engineOn(heirs, new MemoryStore(memory));
  const [left] = (await heir.recover()).runs;
  if (left === undefined) throw new Error('nothing was left to go on with');
  return outputOf(await left.wait());
}

/** The guest has made that many ticks since it was last looked at. */
export async function ticksOn({ guest }: RevertLab, more: number): Promise<number> {
  const last = (await lastTick(guest.serial)) ?? 0;
  await waitForTick(guest.serial, last + more, { timeoutMs: 60_000 });
  return last + more;
}

/** The places where the count went back since that line of the log, and to what. */
export async function stepsBack({ guest }: RevertLab, fromLine: number): Promise<number[]> {
  const ticks = (await readTicks(guest.serial)).filter(({ line }) => line >= fromLine);
  return ticks.flatMap(({ n }, index) => {
    const before = ticks[index - 1];
    return before !== undefined && n <= before.n ? [n] : [];
  });
}

/** Where its log ends now. */
export async function lastLine({ guest }: RevertLab): Promise<number> {
  return (await readTicks(guest.serial)).at(-1)?.line ?? 0;
}

/** The guest ticks on from where the snapshot has it; nothing of the run is left. */
export async function expectReverted(
  stage: RevertLab,
  output: SnapshotRevertOutput,
  { fromLine, was }: { readonly fromLine: number; readonly was: number },
): Promise<void> {
  expect(output).toMatchObject({
    outcome: 'completed',
    reverted: true,
    failure: null,
    artefacts: [],
    keptAs: null,
  });
  await expect
    .poll(async () => (await stepsBack(stage, fromLine)).length, { timeout: 60_000 })
    .toBe(1);
  const [back] = await stepsBack(stage, fromLine);
  expect(back).toBeGreaterThanOrEqual(was);
  expect(back).toBeLessThanOrEqual(was + 3);
  expect(await stage.picture()).toMatchObject({
    claimed: false,
    state: 'running',
    persistent: true,
    job: null,
  });
}

/** The guest's QEMU is gone, and the daemon is about to begin another: whatever strikes now, strikes the revert. */
export const untilReverting = (stage: RevertLab): Promise<void> => untilQemuIs(stage, false);

/** The daemon has begun another one, which loads what the snapshot has. */
export async function untilStarting(stage: RevertLab): Promise<void> {
  await untilQemuIs(stage, false);
  await untilQemuIs(stage, true);
}

async function untilQemuIs({ guest, host }: RevertLab, there: boolean): Promise<void> {
  const deadlineMs = performance.now() + 60_000;
  while ((await host.qemuProcesses()).includes(guest.name) !== there) {
    if (performance.now() > deadlineMs) throw new Error('the daemon never came to that');
    await new Promise((resolve) => {
      setTimeout(resolve, 5);
    });
  }
}
