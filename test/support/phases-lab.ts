import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect } from 'vitest';

import type {
  DaemonOverrides,
  GuestOptions,
  Lab,
  LabGuest,
  LabHost,
  QemuWitness,
} from '../../lab/index.ts';
import { jobLogFilters, labUp } from '../../lab/index.ts';
import type { BoundMachine } from '../../src/engine/slots.ts';
import type { Hypervisors } from '../../src/index.ts';
import type { FollowedRun } from './followed-run.ts';
import { expectMostlyInTime } from './in-time.ts';
import { labRuns, openLabHosts } from './lab-runs.ts';
import { labNameFor } from './needs.ts';
import type { Story } from './phases-story.ts';
import { truthOf } from './phases-story.ts';

/** Where images go, as the host sees it. */
export const imageDirectory = '/var/lib/libvirt/snapshots';
/** Where the guest's disks are. */
export const volumeDirectory = '/var/lib/libvirt/images';

export interface ToldRun<Output> {
  readonly output: Output;
  readonly story: Story;
}

/** A lab of its own for a test file, with one guest whose QEMU and whose daemon tell what they do. */
export function usePhasesLab(purpose: string, guestOptions: Partial<GuestOptions> = {}) {
  /** Taken down also where its guest did not come up. */
  let lab: Lab | null = null;
  let opened: {
    readonly lab: Lab;
    readonly hypervisors: Hypervisors;
    readonly guest: LabGuest;
    readonly witness: QemuWitness;
  } | null = null;
  const current = () => {
    if (opened === null) throw new Error('the lab is not up yet');
    return opened;
  };
  const host = (): LabHost => current().lab.host('hostA');
  beforeAll(async () => {
    lab = await labUp({ name: labNameFor(purpose) });
    const own = lab.host('hostA');
    await own.start({ libvirtd: { log_filters: jobLogFilters } });
    const witness = await own.witnessQemu();
    await mkdir(join(own.paths.libDir, 'snapshots'), { recursive: true });
    const guest = await lab.guest('guest', { on: 'hostA', events: 'witnessed', ...guestOptions });
    opened = { lab, hypervisors: openLabHosts(lab), guest, witness };
  });
  /** Whatever a play that failed left: the next one has a guest that runs. */
  const asNew = async (): Promise<void> => {
    const { guest } = current();
    const state = await host().virsh(['domstate', guest.name]);
    if (state.trim() === 'shut off') await host().virsh(['start', guest.name]);
  };
  afterEach(asNew);
  afterAll(async () => {
    await opened?.hypervisors.close();
    await opened?.witness.close();
    await lab?.down();
  });
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
    /** Another daemon, with these settings in its qemu.conf; the guest does not notice. */
    restart: (qemu: DaemonOverrides['qemu']): Promise<void> =>
      host().start({ libvirtd: { log_filters: jobLogFilters }, qemu }),
    /** From here on, QEMU says that it is sending the guest's memory. */
    untilMemoryMoves: async (): Promise<void> => {
      const { events } = current().witness;
      const heard = events.length;
      const said = () => events.slice(heard).map(({ data }) => data['status']);
      await expect.poll(said, { timeout: 20_000, interval: 5 }).toContain('active');
    },
    /** See {@link expectMostlyInTime}. */
    inTime: (play: (nth: number) => Promise<void>): Promise<void> =>
      expectMostlyInTime(play, asNew),
    /** A run to its end, and what all say of it. */
    told: async <Output>(
      bind: (hypervisors: Hypervisors) => BoundMachine,
      input: unknown,
      meanwhile: (run: FollowedRun<Output>) => Promise<unknown> = () => Promise.resolve(),
    ): Promise<ToldRun<Output>> => {
      const { hypervisors, witness } = current();
      const begunAtEpochMs = Date.now();
      const run = labRuns<Output>(bind).follow(hypervisors, input);
      await meanwhile(run);
      const output = await run.end();
      const truth = truthOf(begunAtEpochMs, witness.events, await host().jobLog());
      return { output, story: { chart: run.states, truth } };
    },
  };
}

export type PhasesStage = ReturnType<typeof usePhasesLab>;
