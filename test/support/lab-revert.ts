import { readdir } from 'node:fs/promises';
import { expect } from 'vitest';

import { followTicks, readTicks } from '../../lab/index.ts';
import type { SnapshotRevertInput } from '../../machines/policy/snapshot-revert/snapshot-revert.ts';
import { snapshotRevertInput } from '../../machines/policy/snapshot-revert/snapshot-revert.ts';
import type { SnapshotRevertOutput } from '../../machines/snapshot-revert.setup.ts';
import { bindSnapshotRevert } from '../../src/bindings/snapshot-revert.ts';
import { useOneHostLab } from './lab-one-host.ts';
import type { OnTheWay } from './lab-runs.ts';
import { labRuns } from './lab-runs.ts';

export interface LabRevertRequest extends OnTheWay {
  readonly input: Partial<SnapshotRevertInput> & Pick<SnapshotRevertInput, 'name'>;
}

const runs = labRuns<SnapshotRevertOutput>(bindSnapshotRevert);

/** A lab of its own for a test file, with one guest that outlives every test. */
export function useRevertLab(purpose: string, on: 'hostA' | 'hostC') {
  const stage = useOneHostLab({
    purpose,
    machine: 'snapshotRevert',
    on,
    guest: { agent: 'absent' },
  });
  const virsh = (...args: string[]): Promise<string> => stage.host.virsh(args);
  return Object.assign(stage, {
    virsh,
    revert: (request: LabRevertRequest): Promise<SnapshotRevertOutput> => {
      const given = { domain: stage.guest.name, host: stage.host.uri };
      return runs.drive(stage, snapshotRevertInput({ ...given, ...request.input }), request);
    },
    /** All that a revert may change of a domain and beside it, but for what the guest writes. */
    picture: async () => {
      const { name } = stage.guest;
      const { domains } = await stage.host.listing();
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
        files: (await readdir(stage.host.paths.imagesDir)).toSorted(),
      };
    },
  });
}

export type RevertLab = ReturnType<typeof useRevertLab>;

const sourceIn = (xml: string): string | undefined => /<source file='([^']*)'/.exec(xml)?.[1];

/** The guest makes that many ticks from now on. */
export async function ticksOn({ guest }: RevertLab, more: number): Promise<void> {
  // A revert repeats numbers: only a line that was not there yet is a tick of now.
  const from = (await readTicks(guest.serial)).at(-1)?.line ?? 0;
  let seen = 0;
  for await (const { line } of followTicks(guest.serial, AbortSignal.timeout(60_000))) {
    if (line > from) seen += 1;
    if (seen === more) return;
  }
  throw new Error(`the guest has not ticked ${more} times within a minute`);
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
