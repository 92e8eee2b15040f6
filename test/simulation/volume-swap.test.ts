import { describe, expect, test } from 'vitest';

import { gib, mib } from '../support/simulated-migration.ts';
import { orderOf, swapGuest, swapSimulated } from '../support/simulated-swap.ts';
import { expectKept, expectSwapped, expectWell } from '../support/swap-truths.ts';

const two = { disks: [orderOf('vda'), orderOf('vdb')] };
const [vda, vdb] = swapGuest.disks;
const base = { path: '/images/base.qcow2', capacityBytes: 64 * mib, format: 'qcow2' };
const standing = { path: '/new/vda.qcow2', capacityBytes: 64 * mib, format: 'qcow2' };
/** Its first disk lies on a base. */
const chained = {
  pools: [
    {
      name: 'images',
      targetPath: '/images',
      capacityBytes: 10 * gib,
      volumes: [
        base,
        { ...standing, path: vda?.path ?? '', backingPath: base.path, backingFormat: 'qcow2' },
      ],
    },
  ],
};

describe('a swap in a simulated world', () => {
  test('puts the running guest onto its new volume, and leaves the old one as it is', async () => {
    const end = await swapSimulated();
    expectSwapped(end);
    expect(end.after.files).toEqual([...end.before.files, '/new/vda.qcow2']);
    expect(end.output.artefacts).toMatchObject([
      { kind: 'volume', path: '/new/vda.qcow2', status: 'made' },
      { kind: 'volume', path: '/images/vda.qcow2', status: 'kept' },
    ]);
    expect(end.lastTickOn('/images/vda.qcow2')).toBeLessThan(end.spans.at(-1)?.lastTick ?? 0);
  });

  test('pivots no disk before all of them are in step, in the order of the request', async () => {
    const disks = [orderOf('vdb'), orderOf('vda')];
    const end = await swapSimulated({ input: { disks, bandwidthMibPerS: 8 } });
    expectSwapped(end, 'vdb', 'vda');
    const pivots = end.states.filter((state) => state === 'working.pivoting.asking');
    expect(pivots).toHaveLength(2);
    expect(end.states.indexOf('working.pivoting.asking')).toBeGreaterThan(
      end.states.lastIndexOf('working.copying.awaitingReady.confirmed'),
    );
  });

  test('uses a volume that stands as it is', async () => {
    const end = await swapSimulated({
      input: { disks: [orderOf('vda', { create: false })] },
      host: { volumes: [standing] },
    });
    expectSwapped(end);
    expect(end.output.artefacts).toEqual([
      { kind: 'volume', host: 'simulated:///hostA', path: vda?.path, status: 'kept' },
    ]);
  });

  test('takes the top layer alone, onto the same base', async () => {
    const end = await swapSimulated({ input: { shallow: true }, host: chained });
    expectSwapped(end);
    const made = end.world.files('hostA').find(({ path }) => path === '/new/vda.qcow2');
    expect(made?.backingPath).toBe(base.path);
  });

  test('takes every layer, where it is not told otherwise', async () => {
    const end = await swapSimulated({ host: chained });
    expectSwapped(end);
    const made = end.world.files('hostA').find(({ path }) => path === '/new/vda.qcow2');
    expect(made?.backingPath).toBeNull();
  });

  test.each([
    ['a block device', { kind: 'block', path: '/dev/vg/new' }, '/dev/vg/new'],
    [
      'an NBD export',
      { kind: 'nbd', host: { transport: 'tcp', name: 'store', port: 10_809 }, exportName: 'new' },
      'nbd://store:10809/new',
    ],
    [
      'an RBD image',
      { kind: 'rbd', image: 'vms/new', monitors: [], auth: null, configPath: null },
      'rbd:vms/new',
    ],
  ] as const)('goes onto %s', async (_, source, place) => {
    const end = await swapSimulated({
      input: { disks: [orderOf('vda', { create: false, to: { source, format: 'raw' } })] },
      host: { volumes: [{ path: place, capacityBytes: 64 * mib, format: 'raw' }] },
    });
    expect(end.output).toMatchObject({ outcome: 'completed', swapped: [{ volume: place }] });
    expect(end.configured[0]).toBe(place);
    expect(end.lastTickOn(place)).toBe(end.spans.at(-1)?.lastTick);
  });

  test('of a guest that is off copies with qemu-img, and changes its definition', async () => {
    const end = await swapSimulated({ guest: { state: 'shutoff' }, input: two });
    expectSwapped(end, 'vda', 'vdb');
    expect(end.states).toContain('working.copyingOffline.converting');
    expect(end.states).not.toContain('working.copying.beginning');
  });

  test('of a paused guest leaves it paused', async () => {
    expectSwapped(await swapSimulated({ guest: { state: 'paused' } }));
  });

  test('of a transient domain needs no definition', async () => {
    const end = await swapSimulated({ guest: { persistent: false } });
    expectSwapped(end);
    expect(end.states).not.toContain('working.persisting.asking');
  });

  test('lets the disk grow on its new volume, and tells so', async () => {
    const sizeBytes = 128 * mib;
    const disks = [orderOf('vda', { resizeBytes: sizeBytes })];
    for (const state of ['running', 'shutoff'] as const) {
      const end = await swapSimulated({ guest: { state }, input: { disks } });
      expectSwapped(end);
      expect(end.output.swapped).toMatchObject([{ resizedToBytes: sizeBytes }]);
      expect(end.world.listing()[0]?.domains[0]?.disks[0]?.capacityBytes).toBe(sizeBytes);
    }
  });

  test('deletes the old volume, where it is told to', async () => {
    const end = await swapSimulated({ input: { oldVolume: 'delete' } });
    expectSwapped(end);
    expect(end.after.files).not.toContain(vda?.path);
    expect(end.output.artefacts).toMatchObject([
      { path: '/new/vda.qcow2', status: 'made' },
      { path: vda?.path, status: 'removed' },
    ]);
  });

  test('deletes no old volume that something lies on', async () => {
    const layer = { ...standing, path: '/images/layer.qcow2', backingPath: vda?.path ?? '' };
    const end = await swapSimulated({
      input: { oldVolume: 'delete' },
      host: { volumes: [{ ...layer, backingFormat: 'qcow2' }] },
    });
    expectSwapped(end);
    expect(end.after.files).toContain(vda?.path);
    expect(end.output.notes.join()).toContain(`${vda?.path} was not removed`);
  });
});

describe('a swap that waits for its word', () => {
  const input = { ...two, oldVolume: 'confirm' } as const;

  test('keeps both volumes and the claim until it is confirmed', async () => {
    const seen: unknown[] = [];
    const end = await swapSimulated({
      input,
      words: ['confirm'],
      onState: (state, { world }) => {
        if (state !== 'awaitingConfirmation') return;
        seen.push(world.listing()[0]?.domains[0]?.claims);
        seen.push(world.files('hostA').length);
      },
    });
    expectSwapped(end, 'vda', 'vdb');
    expect(seen).toEqual([['run-1'], 4]);
    expect(end.after.files).toHaveLength(4);
  });

  test('goes back with everything that the guest wrote since', async () => {
    for (const state of ['running', 'shutoff'] as const) {
      const end = await swapSimulated({ input, guest: { state }, words: ['undo'] });
      expect(end.output).toMatchObject({ outcome: 'rolledBack', failure: { code: 'undone' } });
      expectKept(end);
    }
  });

  test('stays on its new volumes when the way back fails, and can be asked once more', async () => {
    let left = 1;
    const end = await swapSimulated({
      input: { ...input, bandwidthMibPerS: 8 },
      words: ['undo', 'undo'],
      onState: (state, { uuid, world }) => {
        const isThere = world.listing()[0]?.domains[0]?.disks[0]?.path === '/new/vda.qcow2';
        if (!isThere || state !== 'working.copying.awaitingReady.waiting' || left === 0) return;
        left -= 1;
        world.failBlockJob(uuid, 'vdb');
      },
    });
    expect(end.output).toMatchObject({ outcome: 'rolledBack', failure: { code: 'undone' } });
    expect(end.output.notes.join()).toContain('not undone: the copy of');
    expectKept(end);
  });

  test('is kept after a way back that failed', async () => {
    const end = await swapSimulated({
      input,
      faults: [{ at: { call: 'copyBlock' }, do: { slowMs: 1 } }],
      words: ['undo', 'confirm'],
      onState: (state, { abort, world }) => {
        const isThere = world.listing()[0]?.domains[0]?.disks[0]?.path === '/new/vda.qcow2';
        if (isThere && state === 'working.copying.beginning') abort();
      },
    });
    expectSwapped(end, 'vda', 'vdb');
    expect(end.output.notes.join()).toContain('not undone: the swap was aborted by request');
  });

  test('goes back of a guest that was shut off meanwhile', async () => {
    const end = await swapSimulated({
      input,
      words: ['undo'],
      onState: (state, { uuid, world }) => {
        if (state === 'awaitingConfirmation') world.powerOff(uuid);
      },
    });
    expect(end.output).toMatchObject({ outcome: 'rolledBack', failure: { code: 'undone' } });
    expect(end.after.disks?.map(({ path }) => path)).toEqual([vda?.path, vdb?.path]);
    expectWell(end);
  });
});

describe('a busy writer', () => {
  /** It writes twice as fast as the copy may. */
  const guest = {
    disks: swapGuest.disks.map((disk) => ({ ...disk, writtenBytesPerS: 32 * mib })),
  };
  const input = { bandwidthMibPerS: 16, stallMs: 10_000 };

  test('that outruns the copy has to wait for both volumes, and is swapped then', async () => {
    const end = await swapSimulated({ guest, input });
    expectSwapped(end);
    expect(end.states).toContain('working.copying.beginningAgain.ending');
  });

  test('that nothing can hold keeps its old volume', async () => {
    const end = await swapSimulated({ guest, input, host: { libvirtVersion: 7_000_000 } });
    expect(end.output).toMatchObject({ outcome: 'rolledBack', failure: { code: 'stalled' } });
    expectKept(end);
  });

  test('is given up after its time', async () => {
    const end = await swapSimulated({ guest, input: { ...input, timeoutMs: 5_000 } });
    expect(end.output).toMatchObject({ outcome: 'rolledBack', failure: { code: 'timedOut' } });
    expectKept(end);
  });

  test('that is slower than the copy is waited for, however long the copy takes', async () => {
    const slow = { disks: swapGuest.disks.map((disk) => ({ ...disk, writtenBytesPerS: 3 * mib })) };
    const end = await swapSimulated({
      guest: slow,
      input: { bandwidthMibPerS: 4, stallMs: 10_000 },
    });
    expectSwapped(end);
    expect(end.states).not.toContain('working.copying.beginningAgain.ending');
  });
});
