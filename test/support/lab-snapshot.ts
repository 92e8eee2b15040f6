import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, expect } from 'vitest';

import type { GuestOptions } from '../../lab/index.ts';
import type { LiveSnapshotInput, LiveSnapshotOutput } from '../../machines/index.ts';
import { liveSnapshotInput } from '../../machines/index.ts';
import { bindLiveSnapshot } from '../../src/bindings/live-snapshot.ts';
import type { Hypervisors } from '../../src/index.ts';
import { useOneHostLab } from './lab-one-host.ts';
import { expectTicking, labRuns } from './lab-runs.ts';

/** Where images go, as the host sees it. */
export const snapshotDirectory = '/var/lib/libvirt/snapshots';

export interface LabSnapshotRequest {
  readonly input?: Partial<LiveSnapshotInput>;
  readonly through?: (hypervisors: Hypervisors) => Hypervisors;
}

const runs = labRuns<LiveSnapshotOutput>(bindLiveSnapshot);

/** A lab of its own for a test file, with one guest that outlives every test. */
export function useSnapshotLab(
  purpose: string,
  on: 'hostA' | 'hostC' = 'hostA',
  guestOptions: Partial<GuestOptions> = {},
) {
  const guest = { control: 'present', ...guestOptions } as const;
  const stage = useOneHostLab({ purpose, machine: 'liveSnapshot', on, guest });
  const imagesDir = (): string => join(stage.host.paths.libDir, 'snapshots');
  beforeAll(() => mkdir(imagesDir(), { recursive: true }));
  const inputOf = (input: Partial<LiveSnapshotInput> = {}): LiveSnapshotInput =>
    liveSnapshotInput({
      domain: stage.guest.name,
      host: stage.host.uri,
      directory: snapshotDirectory,
      fileName: 'image.qcow2',
      ...input,
    });
  return Object.assign(stage, {
    inputOf,
    snapshot: ({ input, through = (plain) => plain }: LabSnapshotRequest = {}) =>
      runs.follow(through(stage.hypervisors), inputOf(input)),
    /** Our process dies when it enters that state; another one goes on with its run. */
    killedIn: (
      state: string,
      input: Partial<LiveSnapshotInput> = {},
      meanwhile: () => Promise<void> = () => Promise.resolve(),
    ): Promise<LiveSnapshotOutput> =>
      runs.drive(stage, inputOf(input), { dieIn: state, meanwhile }),
    images: () => readdir(imagesDir()),
  });
}

export type SnapshotStage = ReturnType<typeof useSnapshotLab>;

/**
 * The guest ticks on without a gap, persistent, thawed, on its own disks and without a job or a claim,
 * and beside it stands nothing but these files.
 */
export async function expectUnharmed(
  stage: SnapshotStage,
  files: readonly string[] = [],
): Promise<void> {
  const { guest, host } = stage;
  await expectTicking(stage);
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
export async function freezeStatus({ guest, host }: SnapshotStage): Promise<string> {
  const ask = '{"execute":"guest-fsfreeze-status"}';
  const answer: unknown = JSON.parse(await host.virsh(['qemu-agent-command', guest.name, ask]));
  return String(Object(answer).return);
}
