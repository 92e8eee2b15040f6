import { expect, test } from 'vitest';

import { noLog } from '../../src/index.ts';
import { persistSwap } from '../../src/bindings/volume-swap-persist.ts';
import { toFailure } from '../../src/ports/failure.ts';
import type { DiskImage } from '../../src/ports/disk-source.ts';
import { openSimulatedHost, hostUri, uuid } from '../support/simulated-host.ts';
import { swapGuest } from '../support/simulated-swap.ts';
import { mib } from '../support/simulated-migration.ts';

const unending = new AbortController().signal;
const starting = { paused: false, forceBoot: false, bypassCache: false };
const image = (path: string): DiskImage => ({ source: { kind: 'file', path }, format: 'qcow2' });
const [from, to] = [image('/images/vda.qcow2'), image('/backup/vda.qcow2')];

/** QEMU has pivoted, and its daemon has died before it wrote that down. */
const unheardMs = 9;

// libvirt tells the end of a copy before it has it on record: the chart takes the pivot for done.
test.each([
  ['shows the old volume of a guest that is on the new one', false, to],
  ['knows that its guest was started with the old one', true, from],
])('a libvirtd that was killed behind a pivot %s', async (_, isStartedAnew, configured) => {
  const { clock, hand, later, pass, world } = await openSimulatedHost({}, swapGuest);
  const run = <T>(work: Promise<T>): Promise<T> => clock.run(work);
  const copy = { shallow: false, reuseExternal: true, transientJob: true } as const;
  const options = { ...copy, synchronousWrites: false, bandwidthMibPerS: 0 };
  const made = { path: '/backup/vda.qcow2', format: 'qcow2', virtualSizeBytes: 64 * mib };
  await run(hand.createImage({ ...made, backing: null }, unending));
  await run(hand.copyBlock(uuid, 'vda', to, options, unending));
  await pass(5_000);
  later(unheardMs, () => world.killDaemon('hostA'));
  await run(hand.endBlockJob(uuid, 'vda', 'pivot', unending).catch(() => 'unheard'));
  await pass(10);
  world.startDaemon('hostA');
  if (isStartedAnew) {
    await run(hand.destroy(uuid, unending));
    await run(hand.start(uuid, starting, unending));
  }
  const request = { host: hostUri, domainUuid: uuid, targetDev: 'vda', from, to };
  const tools = { clock, signal: unending, key: 'key', report: () => undefined, log: noLog };
  const persisted = persistSwap(
    world.hypervisors,
    { ...request, isOffline: false, isUnseen: false, sourceChangedAt: null },
    tools,
  );
  if (isStartedAnew)
    await expect(run(persisted)).rejects.toMatchObject({ failure: { code: 'startedOnOld' } });
  else expect(await run(persisted)).toEqual({ isUnseen: true });
  expect(await run(hand.findDiskImage(uuid, 'configuration', 'vda', unending))).toEqual(configured);
});

test.each([
  ['has the new one then', 'as it was', to],
  ['that somebody wrote to since stays the disk', 'before that', from],
])('a volume that was copied while its guest was off %s', async (_, when, configured) => {
  const { clock, hand, world } = await openSimulatedHost({}, { ...swapGuest, state: 'shutoff' });
  const run = <T>(work: Promise<T>): Promise<T> => clock.run(work);
  const made = { path: '/backup/vda.qcow2', format: 'qcow2', virtualSizeBytes: 64 * mib };
  await run(hand.createImage({ ...made, backing: null }, unending));
  const volume = await run(hand.findVolume('/images/vda.qcow2', unending));
  expect(volume?.changedAt).toEqual(expect.any(String));
  const sourceChangedAt = when === 'as it was' ? (volume?.changedAt ?? null) : when;
  const request = { host: hostUri, domainUuid: uuid, targetDev: 'vda', from, to, sourceChangedAt };
  const tools = { clock, signal: unending, key: 'key', report: () => undefined, log: noLog };
  const ended = run(
    persistSwap(world.hypervisors, { ...request, isOffline: true, isUnseen: false }, tools),
  ).catch((error: unknown) => toFailure(error).code);
  expect(await ended).toEqual(configured === to ? { isUnseen: false } : 'guestStarted');
  expect(await run(hand.findDiskImage(uuid, 'configuration', 'vda', unending))).toEqual(configured);
});
