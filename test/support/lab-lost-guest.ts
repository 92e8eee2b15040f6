import { expect } from 'vitest';

import { lastTick, waitForTick } from '../../lab/index.ts';
import type { LiveSnapshotOutput } from '../../machines/index.ts';
import { freezeStatus } from './lab-snapshot.ts';
import type { SnapshotStage } from './lab-snapshot.ts';

/**
 * libvirt 9.0 that is killed as a copy ends may come back without its guest, or with a copy that is
 * none: which of the two it is must have been said. @returns it in words
 */
export async function expectLost(
  stage: SnapshotStage,
  { failure, outcome }: LiveSnapshotOutput,
): Promise<string> {
  const { guest, host } = stage;
  expect(outcome).toBe('needsOperator');
  expect(await host.qemuProcesses()).toEqual([guest.name]);
  expect(await stage.images()).toEqual([]);
  if ((await host.virsh(['domstate', guest.name])).trim() === 'shut off') {
    expect(failure).toMatchObject({ code: 'guestUnseen' });
    return 'libvirt has lost the guest';
  }
  expect(failure).toMatchObject({ code: 'copyStuck' });
  expect(await host.virsh(['dumpxml', guest.name])).toMatch(/<mirror [^>]*\.delta/);
  const { domains } = await host.listing();
  expect(domains).toMatchObject([{ name: guest.name, state: 'running', blockJobs: [] }]);
  expect(await freezeStatus(stage)).toBe('thawed');
  return 'libvirt believes in a copy that has ended';
}

/** What the operator is told to do. */
export async function startAnew(stage: SnapshotStage): Promise<void> {
  const { guest, host } = stage;
  // Its next tick would be on its disk before it is told: then this start would miss it.
  const last = (await lastTick(guest.serial)) ?? 0;
  await waitForTick(guest.serial, last, { timeoutMs: 20_000 });
  await host.signalQemu(guest.name, 'SIGTERM');
  const isOff = async () =>
    [...(await host.qemuProcesses()), await host.virsh(['domstate', guest.name])].join().trim();
  await expect.poll(isOff, { timeout: 20_000 }).toBe('shut off');
  await stage.releaseClaims();
  await host.virsh(['start', guest.name], { timeoutMs: 60_000 });
  const status = () => freezeStatus(stage).catch(() => 'no agent yet');
  await expect.poll(status, { timeout: 60_000, interval: 500 }).toBe('thawed');
}
