import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect } from 'vitest';

import type { Lab, LabGuest, LabHost } from '../../lab/index.ts';
import { followTicks, labUp } from '../../lab/index.ts';
import type { ColdSnapshotInput, ColdSnapshotOutput } from '../../machines/index.ts';
import { coldSnapshotInput } from '../../machines/index.ts';
import { bindColdSnapshot } from '../../src/bindings/cold-snapshot.ts';
import type { Hypervisors } from '../../src/index.ts';
import { expectTicking, labRuns, openLabHosts } from './lab-runs.ts';
import type { OnTheWay } from './lab-runs.ts';
import { labNameFor } from './needs.ts';

/** Where images go, and where the guest's own disks are, as the host sees it. */
export const coldDirectory = '/var/lib/libvirt/snapshots';
const diskDirectory = '/var/lib/libvirt/images';

export interface ColdRequest extends OnTheWay {
  readonly input?: Partial<ColdSnapshotInput>;
}

/** A lab of its own for a test file, with one guest that outlives every test. */
export function useColdLab(purpose: string) {
  let opened: { lab: Lab; hypervisors: Hypervisors; guest: LabGuest } | null = null;
  const manifest: string[] = [];
  const current = () => {
    if (opened === null) throw new Error('the lab is not up yet');
    return opened;
  };
  const host = (): LabHost => current().lab.host('hostA');
  beforeAll(async () => {
    const lab = await labUp({ name: labNameFor(purpose) });
    const hypervisors = openLabHosts(lab);
    await mkdir(join(lab.host('hostA').paths.libDir, 'snapshots'), { recursive: true });
    const guest = await lab.guest('guest', {
      on: 'hostA',
      agent: 'absent',
      extraDisk: '16M',
      networkCards: 1,
      pluggedDevices: ['rng', 'usbTablet'],
    });
    opened = { lab, hypervisors, guest };
  }, 180_000);
  afterAll(async () => {
    await opened?.hypervisors.close();
    await opened?.lab.down();
    if (manifest.length > 0)
      console.log(`machine x state x fault x outcome\n${manifest.join('\n')}`);
  }, 60_000);
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
      manifest.push(`coldSnapshot x ${state} x ${fault} x ${outcome}`);
    },
    /** What whoever was called as an operator does last. */
    releaseClaims: async (): Promise<void> => {
      const { guest, hypervisors } = current();
      const signal = AbortSignal.timeout(20_000);
      const hypervisor = await hypervisors.open(host().uri, signal);
      for (const { run } of await hypervisor.findClaims(guest.uuid, signal))
        await hypervisor.releaseClaim(guest.uuid, run, signal);
    },
    /** Aliases of the devices that the running guest lets go of, as they are now. */
    aliases: async (): Promise<string[]> => {
      const { guest, hypervisors } = current();
      const signal = AbortSignal.timeout(20_000);
      const hypervisor = await hypervisors.open(host().uri, signal);
      return (await hypervisor.findDevices(guest.uuid, signal)).map(({ alias }) => alias);
    },
    snapshot: async (request: ColdRequest = {}): Promise<ColdSnapshotOutput> => {
      const { guest, hypervisors, lab } = current();
      const input = coldSnapshotInput({
        domain: guest.name,
        host: host().uri,
        directory: coldDirectory,
        fileName: 'image.qcow2',
        ...request.input,
      });
      return driven({ hypervisors, lab }, input, request);
    },
    /** Files that it left beside the guest's own, and images. */
    files: async () => {
      const { imagesDir, libDir } = host().paths;
      return {
        disks: (await readdir(imagesDir)).toSorted(),
        images: (await readdir(join(libDir, 'snapshots'))).toSorted(),
      };
    },
  };
}

export type ColdStage = ReturnType<typeof useColdLab>;

const driven = labRuns<ColdSnapshotOutput>(bindColdSnapshot);

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

/** The longest time between two ticks from now on, as the guest's own clock on the serial line tells it. */
export function largestGap(serial: string): { readonly end: () => Promise<number> } {
  const stop = new AbortController();
  const done = (async () => {
    let largestMs = 0;
    let lastEpochMs: number | null = null;
    for await (const { atEpochMs } of followTicks(serial, stop.signal)) {
      largestMs = Math.max(largestMs, atEpochMs - (lastEpochMs ?? atEpochMs));
      lastEpochMs = atEpochMs;
    }
    return largestMs;
  })();
  return {
    end: (): Promise<number> => {
      stop.abort();
      return done;
    },
  };
}
