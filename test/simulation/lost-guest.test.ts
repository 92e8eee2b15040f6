import { describe, expect, test } from 'vitest';

import type { DeletionEnd } from '../support/simulated-deletion.ts';
import { hooked } from '../support/hooked-hypervisors.ts';
import { deleteSimulated } from '../support/simulated-deletion.ts';
import { coldSimulated } from '../support/simulated-cold.ts';
import { snapshotSimulated } from '../support/simulated-snapshot.ts';
import { file, filesOf, oldLibvirt } from '../support/deletion-truths.ts';
import { hostUri, uuid } from '../support/simulated-host.ts';
import type { SimulatedHost } from '../support/simulated-host.ts';

const unending = new AbortController().signal;
const byHand = { libvirtVersion: oldLibvirt } as const;

/** So long after a call that ends a disk's merge libvirt has a record of the guest that it cannot read. */
const tornMs = { byLibvirt: 44, byLibvirtSecond: 50, pivot: 12, copy: 11 } as const;
/** And so long after that QEMU has pivoted, and libvirt has not heard of it. */
const unheardMs = { byLibvirt: 42, pivot: 10 } as const;

/** libvirt's daemon dies so long after that state is entered, and comes back three seconds later. */
const dyingIn =
  (state: string, delayMs: number, meanwhile: (host: SimulatedHost) => void = () => undefined) =>
  (entered: string, host: SimulatedHost): void => {
    if (entered !== state) return;
    host.later(delayMs, () => host.world.killDaemon('hostA'));
    host.later(delayMs + 1_000, () => meanwhile(host));
    host.later(delayMs + 3_000, () => host.world.startDaemon('hostA'));
  };

/** It ticks on, although its daemon knows of no QEMU. */
function expectUnseen({ after, spans }: DeletionEnd): void {
  expect(after).toMatchObject({ state: 'shutoff', vcpus: 'none', persistent: true });
  expect(spans.at(-1)?.toEpochMs).toBeNull();
}

/** What the next start takes, whatever the daemon says of what runs. */
const configuredIn = (
  { clock, hand }: Pick<DeletionEnd, 'clock' | 'hand'>,
  ...targetDevs: readonly string[]
): Promise<(string | null)[]> =>
  clock.run(
    Promise.all(targetDevs.map((dev) => hand.findDiskSource(uuid, 'configuration', dev, unending))),
  );

/** Whoever starts the domain once that QEMU has ended starts it with all that the guest has written. */
async function expectAllDataIn(end: DeletionEnd): Promise<void> {
  const { world } = end;
  world.endLostGuest(uuid);
  const lastTick = world.ticks(uuid).at(-1)?.lastTick;
  const paths = await configuredIn(end, 'vda', 'vdb');
  expect(paths.map((path) => world.lastTickOn('hostA', path ?? ''))).toEqual([lastTick, lastTick]);
}

describe('a guest whose daemon is killed behind a pivot, and loses it', () => {
  test.each([
    ['the first disk', tornMs.byLibvirt, ['vda'], [file('guest', 'two'), file('second', 'three')]],
    ['the last disk', tornMs.byLibvirtSecond, ['vda', 'vdb'], filesOf('two')],
  ])('while libvirt deletes, at %s', async (_, delayMs, merged, disks) => {
    const end = await deleteSimulated({ onState: dyingIn('working.deleting', delayMs) });
    expect(end.output).toMatchObject({
      outcome: 'needsOperator',
      failure: { code: 'guestUnseen', message: expect.stringContaining('pgrep -f guest=guest') },
      notes: [],
    });
    expect(end.output.merged.map(({ targetDev }) => targetDev)).toEqual(merged);
    expect(end.after.disks?.map(({ path }) => path)).toEqual(disks);
    expectUnseen(end);
    await expectAllDataIn(end);
  });

  test.each([
    ['working.turning.pivoting', ['vda'], [file('guest', 'two'), file('second', 'three')]],
    ['working.finalising.pivoting', ['vda', 'vdb'], filesOf('two')],
  ])('in %s: its configuration does not name the old layer', async (state, merged, disks) => {
    const end = await deleteSimulated({ ...byHand, onState: dyingIn(state, tornMs.pivot) });
    expect(end.output).toMatchObject({
      outcome: 'needsOperator',
      failure: { code: 'guestUnseen' },
    });
    expect(end.output.merged.map(({ targetDev }) => targetDev)).toEqual(merged);
    expect(end.after.disks?.map(({ path }) => path)).toEqual(disks);
    expect(end.after.files).toEqual(end.before.files);
    expectUnseen(end);
    await expectAllDataIn(end);
  });

  test('one whose daemon believes in a layer that it has left is told to be started anew', async () => {
    const end = await deleteSimulated({
      onState: dyingIn('working.deleting', unheardMs.byLibvirt),
    });
    expect(end.output).toMatchObject({
      outcome: 'needsOperator',
      failure: {
        code: 'chainStale',
        message: expect.stringContaining(`${file('guest', 'three')} over ${file('guest', 'two')}`),
      },
      merged: [{ targetDev: 'vda' }],
      notes: [],
    });
    expect(end.after).toMatchObject({ state: 'running', vcpus: 'running' });
    expect(end.after.files).toEqual(end.before.files);
    expect(await configuredIn(end, 'vda', 'vdb')).toEqual([
      file('guest', 'two'),
      file('second', 'three'),
    ]);
    end.world.powerOff(uuid);
    await expectAllDataIn(end);
  });

  test.each([
    ['working.turning.pivoting', 'vda'],
    ['working.finalising.pivoting', 'vdb'],
  ])('also in %s, by hand', async (state, targetDev) => {
    const end = await deleteSimulated({ ...byHand, onState: dyingIn(state, unheardMs.pivot) });
    expect(end.output).toMatchObject({
      outcome: 'needsOperator',
      failure: { code: 'chainStale', message: expect.stringContaining(targetDev) },
    });
    expect(end.after).toMatchObject({ state: 'running', files: end.before.files });
    end.world.powerOff(uuid);
    await expectAllDataIn(end);
  });

  test('and nobody merges what it has left over what it writes to', async () => {
    const end = await deleteSimulated({
      meanwhile: async ({ hand, later, world }) => {
        later(unheardMs.byLibvirt, () => world.killDaemon('hostA'));
        later(2_000, () => world.startDaemon('hostA'));
        const options = { children: 'keep', metadataOnly: false } as const;
        await hand.deleteSnapshot(uuid, 'three', options, unending).catch(() => undefined);
        await new Promise<void>((resolve) => later(4_000, resolve));
      },
    });
    expect(end.output).toMatchObject({ outcome: 'refused', failure: { code: 'chainsAreTrue' } });
    expect(end.after).toEqual(end.before);
  });

  test('nobody starts it, and nobody deletes anything, before that QEMU has ended', async () => {
    const end = await deleteSimulated({
      meanwhile: async ({ hand, later, world }) => {
        later(tornMs.byLibvirt, () => world.killDaemon('hostA'));
        later(2_000, () => world.startDaemon('hostA'));
        const options = { children: 'keep', metadataOnly: false } as const;
        await hand.deleteSnapshot(uuid, 'three', options, unending).catch(() => undefined);
        await new Promise<void>((resolve) => later(4_000, resolve));
      },
      input: {
        what: { kind: 'snapshot', name: 'two', by: 'auto', children: 'keep', metadataOnly: false },
      },
    });
    expect(end.output).toMatchObject({
      outcome: 'refused',
      failure: { message: expect.stringContaining('somebody writes to') },
    });
    expect(end.after).toEqual(end.before);
    const start = end.hand.start(
      uuid,
      { paused: false, bypassCache: false, forceBoot: false },
      unending,
    );
    await expect(end.clock.run(start)).rejects.toThrow('lock');
  });

  test('one that has ended unseen is not said to be as before: nobody knows which layer is the newer one', async () => {
    const end = await deleteSimulated({
      ...byHand,
      onState: dyingIn('working.turning.pivoting', tornMs.pivot, ({ world }) =>
        world.killQemu(uuid),
      ),
    });
    expect(end.output).toMatchObject({
      outcome: 'needsOperator',
      failure: {
        code: 'layersUncertain',
        message: expect.stringContaining(`${file('guest', 'three')} over ${file('guest', 'two')}`),
      },
      merged: [],
      notes: [],
    });
    expect(end.after.files).toEqual(end.before.files);
    expect(end.after.claims).toHaveLength(1);
  });

  test('where the host does not let the configuration be mended, that is told', async () => {
    const faults = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10].map(
      () => ({ at: { call: 'takeOverlay' }, do: 'refuse' }) as const,
    );
    const end = await deleteSimulated({
      ...byHand,
      faults: [...faults, ...faults, ...faults],
      input: { peerWaitMs: 5_000 },
      onState: dyingIn('working.turning.pivoting', tornMs.pivot),
    });
    expect(end.output).toMatchObject({
      outcome: 'needsOperator',
      failure: { code: 'configurationLeft', message: expect.stringContaining(hostUri) },
    });
  });
});

test('a guest whose daemon loses it as a copy ends is told to be lost, and maybe frozen', async () => {
  const onState = dyingIn('working.ending', tornMs.copy);
  const end = await snapshotSimulated({ onState, guest: { agent: 'well' } });
  expect(end.output).toMatchObject({
    outcome: 'needsOperator',
    failure: { code: 'guestUnseen', message: expect.stringContaining('guest-fsfreeze-thaw') },
    images: [],
  });
  expect(end.after).toMatchObject({ state: 'shutoff', vcpus: 'none' });
  expect(end.after.disks).toEqual(end.before.disks);
});

test('a guest whose daemon loses it as its overlay is merged back keeps both files', async () => {
  const onState = dyingIn('working.returning.pivoting', tornMs.pivot);
  const end = await coldSimulated({ onState, input: { shortOutage: true } });
  expect(end.output).toMatchObject({
    outcome: 'needsOperator',
    failure: { code: 'unknownLayer', message: expect.stringContaining('pgrep -f guest=guest') },
  });
  const overlays = end.output.artefacts.filter(({ kind }) => kind === 'overlay');
  expect(overlays).not.toEqual([]);
  for (const { path } of overlays) expect(end.after.files).toContain(path);
});

test('a guest whose daemon believes in an overlay that it has left keeps it, and is not merged again', async () => {
  const onState = dyingIn('working.returning.pivoting', unheardMs.pivot);
  const end = await coldSimulated({ onState, input: { shortOutage: true } });
  expect(end.output).toMatchObject({ outcome: 'needsOperator', failure: { code: 'chainStale' } });
  expect(end.after.state).toBe('running');
  expect(await configuredIn(end, 'vda')).toEqual(['/images/guest.qcow2']);
  const overlays = end.output.artefacts.filter(({ kind }) => kind === 'overlay');
  expect(overlays).not.toEqual([]);
  for (const { path } of overlays) expect(end.after.files).toContain(path);
});

test('an overlay whose daemon was killed as its merge began, and knows no mirror of it, is merged back', async () => {
  const end = await coldSimulated({
    input: { shortOutage: true },
    through: hooked({
      findChains: async (call) =>
        ((await call()) as readonly object[]).map((chain) => ({ ...chain, mirror: null })),
    }),
  });
  expect(end.output).toMatchObject({ outcome: 'completed', failure: null });
  expect(end.after.disks).toEqual(end.before.disks);
});
