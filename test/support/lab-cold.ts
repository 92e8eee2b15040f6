import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeAll, expect } from 'vitest';

import type { ColdSnapshotInput, ColdSnapshotOutput } from '../../machines/index.ts';
import { coldSnapshotInput } from '../../machines/index.ts';
import { bindColdSnapshot } from '../../src/bindings/cold-snapshot.ts';
import { useOneHostLab } from './lab-one-host.ts';
import type { OnTheWay } from './lab-runs.ts';
import { expectTicking, labRuns } from './lab-runs.ts';

/** Where images go, and where the guest's own disks are, as the host sees it. */
export const coldDirectory = '/var/lib/libvirt/snapshots';
const diskDirectory = '/var/lib/libvirt/images';

export interface ColdRequest extends OnTheWay {
  readonly input?: Partial<ColdSnapshotInput>;
}

const runs = labRuns<ColdSnapshotOutput>(bindColdSnapshot);

/** A lab of its own for a test file, with one guest that outlives every test but those that fail. */
export function useColdLab(purpose: string, on: 'hostA' | 'hostC' = 'hostA') {
  const stage = useOneHostLab({
    purpose,
    machine: 'coldSnapshot',
    on,
    guest: {
      agent: 'absent',
      extraDisk: '16M',
      networkCards: 1,
      pluggedDevices: ['rng', 'usbTablet'],
    },
  });
  const imagesDir = (): string => join(stage.host.paths.libDir, 'snapshots');
  const makeDirectory = () => mkdir(imagesDir(), { recursive: true });
  beforeAll(makeDirectory);
  afterEach(async ({ task }) => {
    if (task.result?.state !== 'fail') return;
    await stage.renew();
    await makeDirectory();
  }, 240_000);
  return Object.assign(stage, {
    /** Aliases of the devices that the running guest lets go of, as they are now. */
    aliases: async (): Promise<string[]> => {
      const { guest, host, hypervisors } = stage;
      const signal = AbortSignal.timeout(20_000);
      const hypervisor = await hypervisors.open(host.uri, signal);
      return (await hypervisor.findDevices(guest.uuid, signal)).map(({ alias }) => alias);
    },
    snapshot: (request: ColdRequest = {}): Promise<ColdSnapshotOutput> => {
      const input = coldSnapshotInput({
        domain: stage.guest.name,
        host: stage.host.uri,
        directory: coldDirectory,
        fileName: 'image.qcow2',
        ...request.input,
      });
      return runs.drive(stage, input, request);
    },
    /** Files that it left beside the guest's own, and images. */
    files: async () => ({
      disks: (await readdir(stage.host.paths.imagesDir)).toSorted(),
      images: (await readdir(imagesDir())).toSorted(),
    }),
  });
}

export type ColdStage = ReturnType<typeof useColdLab>;

/**
 * The guest ticks on without a gap, persistent, with its devices, on its own disks and without a job, a
 * claim, a save, an overlay or a draft; beside it stand only these images.
 */
export async function expectUnharmed(
  stage: ColdStage,
  images: readonly string[] = [],
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
  expect(await stage.aliases()).toHaveLength(3);
  for (const view of [[], ['--inactive']]) {
    const definition = await host.virsh(['dumpxml', ...view, guest.name]);
    expect(definition).toContain(`<source file='${guest.disk}'`);
    expect(definition).not.toMatch(/<mirror|virtstate:claim|\.overlay/);
  }
  const disks = [guest.disk, guest.extraDisk ?? ''].map((path) =>
    path.slice(diskDirectory.length + 1),
  );
  expect(await stage.files()).toEqual({ disks: disks.toSorted(), images });
  expect(await host.virsh(['list', '--all', '--with-managed-save', '--name'])).toMatch(/^\s*$/);
}
