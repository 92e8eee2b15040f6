import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';

import { newerMachine } from '../../lab/index.ts';
import { hooked } from '../support/hooked-hypervisors.ts';
import {
  expectOn,
  fileImage,
  onceIn,
  recoverGuest,
  serveNbd,
  slowly,
  useSwapLab,
  volumes,
} from '../support/lab-swap.ts';
import { describeLab } from '../support/needs.ts';

describeLab('a swap on the newer libvirt', () => {
  const stage = useSwapLab('swap-newer', { machine: newerMachine }, 'hostC');

  afterEach(() => recoverGuest(stage));

  test('to a file, to an export, and back', async () => {
    const before = await stage.definition();
    const output = await stage.swap(fileImage('new.qcow2'));
    stage.note('completed', 'none, newer', output);
    expect(output).toMatchObject({ outcome: 'completed', failure: null, notes: [] });
    const plain = (await stage.definition()).replace(/ *<(?:backingStore|metadata)\/>\n/g, '');
    expect(plain).toBe(before.replace(stage.guest.disk, `${volumes}/new.qcow2`));
    await stage.powerCycle();
    await expectOn(stage, `${volumes}/new.qcow2`);
    const { to } = await serveNbd(stage, 'unix');
    const there = await stage.swap(to, { order: { create: false } });
    stage.note('completed', 'none, to NBD, newer', there);
    expect(there).toMatchObject({ outcome: 'completed', failure: null });
    await stage.powerCycle();
    await expectOn(stage, 'vol');
    const back = await stage.swap(fileImage('back.qcow2'));
    expect(back).toMatchObject({ outcome: 'completed', failure: null });
    await expectOn(stage, `${volumes}/back.qcow2`);
  }, 180_000);

  test('that is called off, or whose guest crashes, leaves the old volume', async () => {
    const [before = ''] = await stage.places();
    const aborted = await stage.swap(fileImage('aborted.qcow2'), {
      input: slowly,
      onState: (state, abort) => {
        if (state.endsWith('awaitingReady.waiting')) abort();
      },
    });
    stage.note('copying.awaitingReady', 'aborted, newer', aborted);
    expect(aborted).toMatchObject({ outcome: 'rolledBack', failure: { code: 'abortRequested' } });
    expect(await stage.files()).not.toContain('aborted.qcow2');
    await expectOn(stage, before);
    const crashed = await stage.swap(fileImage('crashed.qcow2'), {
      input: slowly,
      onState: onceIn('awaitingReady.waiting', stage.killQemu).onState,
    });
    stage.note('copying.awaitingReady', 'QEMU is killed, newer', crashed);
    expect(crashed).toMatchObject({ outcome: 'rolledBack', failure: { code: 'guestStopped' } });
    await stage.switchOn();
    await expectOn(stage, before);
  }, 120_000);

  test('of a guest that is off, and of one whose disk grows', async () => {
    await stage.powerCycle(async () => {
      const output = await stage.swap(fileImage('offline.qcow2'));
      stage.note('completed', 'none, offline, newer', output);
      expect(output).toMatchObject({ outcome: 'completed', failure: null });
    });
    await expectOn(stage, `${volumes}/offline.qcow2`);
    const sizeBytes = 2 ** 27;
    const output = await stage.swap(fileImage('grown.qcow2'), {
      order: { resizeBytes: sizeBytes },
      input: { oldVolume: 'delete' },
    });
    expect(output.swapped).toMatchObject([{ resizedToBytes: sizeBytes }]);
    expect(await stage.files()).not.toContain('offline.qcow2');
    await expectOn(stage, `${volumes}/grown.qcow2`);
  }, 120_000);

  test.each(['copying.beginning', 'awaitingReady.waiting', 'pivoting.asking', 'persisting.asking'])(
    'is brought to its end where our process dies in %s',
    async (state) => {
      const [before = ''] = await stage.places();
      const name = `ours-${state}.qcow2`;
      const output = await stage.swap(fileImage(name), {
        input: { bandwidthMibPerS: 32 },
        dieIn: state,
      });
      stage.note(state, 'our process is killed, newer', output);
      const isThere = output.outcome === 'completed';
      // The call for the copy may never have been sent.
      if (!isThere) expect(state).toBe('copying.beginning');
      if (!isThere) expect(output).toMatchObject({ outcome: 'rolledBack', artefacts: [] });
      expect((await stage.files()).includes(name)).toBe(isThere);
      await expectOn(stage, isThere ? `${volumes}/${name}` : before);
    },
    120_000,
  );

  test.each([0, 2, 5, 10])(
    'never takes the wrong volume where libvirtd is killed %i ms into the pivot',
    async (delayMs) => {
      const { guest, host } = stage;
      const [before = ''] = await stage.places();
      const name = `daemon-${delayMs}.qcow2`;
      let ended: Promise<void> | null = null;
      const killAndStart = async (): Promise<void> => {
        await sleep(delayMs);
        await host.kill();
        await host.start();
      };
      const output = await stage.swap(fileImage(name), {
        through: hooked({
          endBlockJob: (call) => {
            ended ??= killAndStart();
            return call();
          },
        }),
        onState: () => ended ?? undefined,
      });
      stage.note('pivoting.asking', `libvirtd is killed, ${delayMs} ms into it, newer`, output);
      expect(ended).not.toBeNull();
      if (output.outcome === 'needsOperator') {
        expect(output.failure?.code).toMatch(/^(guestUnseen|volumeUnknown)$/);
        expect(await host.qemuProcesses()).toContain(guest.name);
        expect(await stage.files()).toContain(name);
        return;
      }
      const isThere = output.outcome === 'completed';
      await expectOn(stage, isThere ? `${volumes}/${name}` : before);
      expect((await stage.files()).includes(name)).toBe(isThere);
    },
    180_000,
  );
});
