import { expect } from 'vitest';

import type { GuestOptions } from '../../lab/index.ts';
import type { ManagedSaveInput, ManagedSaveOutput } from '../../machines/index.ts';
import { managedSaveInput } from '../../machines/index.ts';
import { bindManagedSave } from '../../src/bindings/managed-save.ts';
import type { Hypervisors } from '../../src/index.ts';
import type { FollowedRun } from './followed-run.ts';
import { hooked } from './hooked-hypervisors.ts';
import { useOneHostLab } from './lab-one-host.ts';
import { expectTicking, labRuns } from './lab-runs.ts';

/** A file for a memory, as the host sees it. */
export const savedFile = '/var/lib/libvirt/images/guest.mem';
/** Where libvirt puts the memory of the guest by itself. */
export const imageDirectory = '/var/lib/libvirt/qemu/save';

type SavingRequest = Partial<Parameters<typeof managedSaveInput>[0]> &
  Pick<ManagedSaveInput, 'action'>;

const runs = labRuns<ManagedSaveOutput>(bindManagedSave);

/** A lab of its own for a test file, with one guest that all its tests work on. */
export function useSavingLab(
  purpose: string,
  on: 'hostA' | 'hostC' = 'hostA',
  guestOptions: Partial<GuestOptions> = {},
) {
  const guest = { agent: 'absent', ...guestOptions } as const;
  const stage = useOneHostLab({ purpose, machine: 'managedSave', on, guest });
  const inputOf = (request: SavingRequest): ManagedSaveInput =>
    managedSaveInput({ domain: stage.guest.name, host: stage.host.uri, ...request });
  return Object.assign(stage, {
    run: (
      request: SavingRequest,
      through: (plain: Hypervisors) => Hypervisors = (plain) => plain,
    ): FollowedRun<ManagedSaveOutput> => runs.follow(through(stage.hypervisors), inputOf(request)),
    /** Our process dies in that state, once this has come; another one goes on with its run. */
    killedIn: (
      state: string,
      request: SavingRequest,
      once: () => Promise<void> = () => Promise.resolve(),
    ): Promise<ManagedSaveOutput> =>
      runs.drive(stage, inputOf(request), { dieIn: state, dieOnce: once }),
  });
}

export type SavingStage = ReturnType<typeof useSavingLab>;

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
export async function expectUnharmed(stage: SavingStage): Promise<void> {
  const { guest, host } = stage;
  await expectTicking(stage);
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
