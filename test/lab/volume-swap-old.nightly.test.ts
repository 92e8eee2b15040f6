import { afterEach, expect, onTestFinished, test } from 'vitest';

import { placeOf } from '../../src/ports/disk-source.ts';
import { expectOn, fileImage, onceIn, recoverGuest, slowly, volumes } from '../support/lab-swap.ts';
import { useOldSwapLab } from '../support/lab-swap-old.ts';
import { isPersistent } from '../support/lab-undefined.ts';
import { describeLab } from '../support/needs.ts';

/** From before the domain is undefined until its definition names the new volume. */
const states = [
  'copying.keepingDefinition',
  'copying.undefining',
  'copying.beginning',
  'awaitingReady.waiting',
  'awaitingReady.confirming',
  'pivoting.asking',
  'defining.asking',
  'persisting.asking',
] as const;

describeLab('a swap where libvirt copies disks of transient domains only', () => {
  const stage = useOldSwapLab('swap-old');

  afterEach(() => recoverGuest(stage));

  test('is of a domain that is transient meanwhile, and gives its definition back', async () => {
    const kept: string[] = [];
    const output = await stage.swapAnd('completed', 'none', {
      onState: async (state) => {
        kept.push(state);
        if (state.endsWith('awaitingReady.waiting')) expect(await isPersistent(stage)).toBe(false);
      },
    });
    expect(output).toMatchObject({ outcome: 'completed', notes: [] });
    expect(kept).toContain('working.copying.undefining');
    expect(await stage.definition()).not.toContain('<backingStore');
    await stage.powerCycle();
    await expectOn(stage, output.swapped[0]?.volume ?? '');
  }, 120_000);

  test('goes back by request, with all that it wrote meanwhile', async () => {
    const before = await stage.now();
    const places: unknown[] = [];
    const output = await stage.swapOnOld(fileImage('tried.qcow2'), {
      input: { oldVolume: 'confirm' },
      onState: async (state, _, send) => {
        if (state !== 'awaitingConfirmation') return;
        places.push(await stage.places());
        send({ type: 'undo.requested' });
      },
    });
    stage.note('awaitingConfirmation', 'undone', output);
    expect(output).toMatchObject({ outcome: 'rolledBack', failure: { code: 'undone' } });
    expect(places).toEqual([[`${volumes}/tried.qcow2`, `${volumes}/tried.qcow2`]]);
    await stage.expectDefinedOn(before);
    await stage.powerCycle();
    await expectOn(stage, placeOf(before.source));
  }, 120_000);

  test('goes to a raw block device, and on to a raw file', async () => {
    const path = `${volumes}/device.img`;
    await stage.host.run('truncate', ['-s', `${2 ** 26}`, path]);
    const device = (await stage.host.run('losetup', ['-f', '--show', path])).trim();
    onTestFinished(async () => {
      await stage.host.run('losetup', ['-d', device]);
      await stage.remove('device.img');
    });
    const block = { source: { kind: 'block', path: device }, format: 'raw' } as const;
    for (const [to, create] of [
      [block, false],
      [fileImage('plain.raw', 'raw'), true],
      [fileImage('back.qcow2'), true],
    ] as const) {
      const output = await stage.swapOnOld(to, { order: { create } });
      stage.note('completed', `none, to ${placeOf(to.source)}`, output);
      expect(output).toMatchObject({ outcome: 'completed', failure: null });
      await stage.expectDefinedOn(to);
      await stage.powerCycle();
      await expectOn(stage, placeOf(to.source));
    }
  }, 180_000);

  test.each(states)(
    'is on one of its volumes when it is aborted in %s',
    async (at) => {
      const output = await stage.swapAnd(at, 'abort', {
        onState: (state, abort) => void (state.endsWith(at) && abort()),
      });
      const isLate = /^(pivoting|defining|persisting)/.test(at);
      expect(output.outcome).toBe(isLate ? 'completed' : 'rolledBack');
    },
    120_000,
  );

  test.each(states)(
    'is on one of its volumes when our process dies in %s',
    async (at) => {
      const { outcome } = await stage.swapAnd(at, 'our process dies', { dieIn: at });
      // Nobody had asked for the pivot before; nobody takes it back after.
      if (/^(defining|persisting)/.test(at)) expect(outcome).toBe('completed');
    },
    120_000,
  );

  test.each([
    'undefine',
    'copyBlockByRebase',
    'endBlockJob',
    'defineAgain',
    'changeDiskImage',
  ] as const)(
    'is on one of its volumes when our process dies behind %s',
    async (call) => {
      await stage.swapAnd(call, 'our process dies', { dieIn: { call, when: 'after' } });
    },
    120_000,
  );

  test.each(states)(
    'is on one of its volumes when libvirtd is killed in %s, and comes back',
    async (at) => {
      const { host } = stage;
      const { happened, onState } = onceIn(at, async () => {
        await host.kill();
        await host.start();
      });
      await stage.swapAnd(at, 'SIGKILL of libvirtd', { onState });
      await happened;
    },
    180_000,
  );

  test.each(['shuts down from inside', 'crashes'] as const)(
    'is there again when its guest %s, and is gone with its domain',
    async (how) => {
      const { guest, host, lab } = stage;
      const before = await stage.now();
      const end = () =>
        how === 'crashes' ? stage.killQemu() : lab.tellGuest(guest.name, { kind: 'poweroff' });
      const output = await stage.swapOnOld(fileImage('ended.qcow2'), {
        input: slowly,
        ...onceIn('awaitingReady.waiting', end),
      });
      stage.note('awaitingReady.waiting', `the guest ${how}`, output);
      expect(output).toMatchObject({
        outcome: 'rolledBack',
        failure: { code: 'guestStopped' },
        artefacts: [],
      });
      await stage.expectDefinedOn(before);
      expect(await stage.files()).not.toContain('ended.qcow2');
      expect((await host.listing()).domains).toMatchObject([{ state: 'shut off' }]);
      await stage.switchOn();
    },
    120_000,
  );

  test('is there again when our process dies, and then its guest', async () => {
    const before = await stage.now();
    const output = await stage.swapOnOld(fileImage('gone.qcow2'), {
      dieIn: 'awaitingReady.waiting',
      input: slowly,
      meanwhile: async () => {
        await stage.host.virsh(['destroy', stage.guest.name]);
        expect((await stage.host.listing()).domains).toEqual([]);
      },
    });
    stage.note('awaitingReady.waiting', 'our process dies, then the guest', output);
    expect(output).toMatchObject({ outcome: 'rolledBack', artefacts: [] });
    await stage.expectDefinedOn(before);
    await stage.switchOn();
  }, 120_000);
});
