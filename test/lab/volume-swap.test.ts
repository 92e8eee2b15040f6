import { expect, test } from 'vitest';

import { lastTick, waitForTick } from '../../lab/index.ts';
import { expectOn, fileImage, onceIn, slowly, useSwapLab, volumes } from '../support/lab-swap.ts';
import { describeLab } from '../support/needs.ts';

describeLab('a guest that writes all the time', () => {
  const stage = useSwapLab('swap');

  test('is on another volume, and never notices; its definition follows in that alone', async () => {
    const { guest, host } = stage;
    // What runs and what the next start takes may differ, and go on doing so.
    await host.virsh(['desc', guest.name, '--config', '--new-desc', 'only for the next start']);
    const before = await stage.definition();
    expect(before).toContain('only for the next start');
    const output = await stage.swap(fileImage('new.qcow2'));
    stage.note('completed', 'none', output);
    expect(output).toMatchObject({
      outcome: 'completed',
      failure: null,
      swapped: [
        {
          targetDev: 'vda',
          volume: `${volumes}/new.qcow2`,
          format: 'qcow2',
          oldVolume: guest.disk,
          resizedToBytes: null,
        },
      ],
      notes: [],
    });
    const old = await stage.checksum(guest.disk);
    const after = await stage.definition();
    // libvirt itself says that nothing is below it, and keeps the place of our claim.
    const plain = after.replace(/ *<(?:backingStore|metadata)\/>\n/g, '');
    expect(plain).toBe(before.replace(guest.disk, `${volumes}/new.qcow2`));
    expect(await host.virsh(['dumpxml', guest.name])).not.toContain('only for the next start');
    await stage.powerCycle();
    await expectOn(stage, `${volumes}/new.qcow2`);
    expect(await stage.checksum(guest.disk)).toBe(old);
  }, 120_000);

  test('goes back by request, with all that it wrote meanwhile', async () => {
    const [now] = await stage.places();
    const output = await stage.swap(fileImage('tried.qcow2'), {
      input: { oldVolume: 'confirm' },
      onState: async (state, _, send) => {
        if (state !== 'awaitingConfirmation') return;
        const last = (await lastTick(stage.guest.serial)) ?? 0;
        await waitForTick(stage.guest.serial, last + 2, { timeoutMs: 60_000 });
        expect(await stage.places()).toEqual([`${volumes}/tried.qcow2`, `${volumes}/tried.qcow2`]);
        send({ type: 'undo.requested' });
      },
    });
    stage.note('awaitingConfirmation', 'undone', output);
    expect(output).toMatchObject({ outcome: 'rolledBack', failure: { code: 'undone' } });
    expect(output).toMatchObject({ swapped: [], artefacts: [] });
    expect(await stage.files()).not.toContain('tried.qcow2');
    await stage.powerCycle();
    await expectOn(stage, now ?? '');
  }, 120_000);

  test('keeps its old volume when the swap is called off', async () => {
    const [now] = await stage.places();
    const output = await stage.swap(fileImage('aborted.qcow2'), {
      input: slowly,
      onState: (state, abort) => {
        if (state.endsWith('awaitingReady.waiting')) abort();
      },
    });
    stage.note('copying.awaitingReady', 'aborted', output);
    expect(output).toMatchObject({ outcome: 'rolledBack', failure: { code: 'abortRequested' } });
    expect(output).toMatchObject({ swapped: [], artefacts: [] });
    expect(await stage.files()).not.toContain('aborted.qcow2');
    await expectOn(stage, now ?? '');
  }, 60_000);

  test('leaves every byte of the old volume when the swap of a paused guest is called off', async () => {
    const [now = ''] = await stage.places();
    const { guest, host } = stage;
    await host.virsh(['suspend', guest.name]);
    const old = await stage.checksum(now);
    const output = await stage.swap(fileImage('paused.qcow2'), {
      input: slowly,
      onState: (state, abort) => {
        if (state.endsWith('awaitingReady.waiting')) abort();
      },
    });
    stage.note('copying.awaitingReady', 'aborted, paused', output);
    expect(output).toMatchObject({ outcome: 'rolledBack', failure: { code: 'abortRequested' } });
    expect(await stage.checksum(now)).toBe(old);
    expect(await host.virsh(['domstate', guest.name])).toMatch(/^paused/);
    await host.virsh(['resume', guest.name]);
    await expectOn(stage, now);
  }, 60_000);

  test('is on its new volume where our process dies behind the pivot', async () => {
    const output = await stage.swap(fileImage('inherited.qcow2'), {
      input: { oldVolume: 'delete' },
      dieIn: { call: 'endBlockJob', when: 'after' },
    });
    stage.note('pivoting.asking', 'our process dies behind it', output);
    expect(output).toMatchObject({ outcome: 'completed', failure: null });
    await expectOn(stage, `${volumes}/inherited.qcow2`);
  }, 60_000);

  test('is swapped all the same where libvirtd is killed while it copies', async () => {
    const { host } = stage;
    const { happened, onState } = onceIn('awaitingReady.waiting', async () => {
      await host.kill();
      await host.start();
    });
    const output = await stage.swap(fileImage('adopted.qcow2'), {
      input: { oldVolume: 'delete', bandwidthMibPerS: 32 },
      onState,
    });
    await happened;
    stage.note('copying.awaitingReady', 'libvirtd is killed', output);
    expect(output).toMatchObject({ outcome: 'completed', failure: null });
    await expectOn(stage, `${volumes}/adopted.qcow2`);
  }, 60_000);

  test('keeps its old volume when it crashes while it is copied', async () => {
    const [now = ''] = await stage.places();
    const crash = onceIn('awaitingReady.waiting', stage.killQemu);
    const output = await stage.swap(fileImage('crashed.qcow2'), {
      input: slowly,
      onState: crash.onState,
    });
    await crash.happened;
    stage.note('copying.awaitingReady', 'QEMU is killed', output);
    expect(output).toMatchObject({ outcome: 'rolledBack', failure: { code: 'guestStopped' } });
    expect(output).toMatchObject({ swapped: [], artefacts: [] });
    expect(await stage.files()).not.toContain('crashed.qcow2');
    await stage.switchOn();
    await expectOn(stage, now);
  }, 60_000);

  // libvirt 9.0 would let the guest go on with a file that nobody finds any more.
  test('never goes on with a file that was removed under the copy', async () => {
    const [now] = await stage.places();
    const output = await stage.swap(fileImage('removed.qcow2'), {
      input: { bandwidthMibPerS: 16 },
      onState: async (state) => {
        if (state.endsWith('awaitingReady.waiting')) await stage.remove('removed.qcow2');
      },
    });
    stage.note('copying.awaitingReady', 'destination removed', output);
    expect(output).toMatchObject({ outcome: 'rolledBack', failure: { code: 'copyLost' } });
    expect(output).toMatchObject({ swapped: [], artefacts: [] });
    await expectOn(stage, now ?? '');
  }, 60_000);

  test('gets its new volume while it is shut off, too', async () => {
    const { guest } = stage;
    await stage.powerCycle(async () => {
      const output = await stage.swap(fileImage('offline.raw', 'raw'), {
        input: { oldVolume: 'delete' },
      });
      stage.note('copyingOffline', 'none', output);
      expect(output).toMatchObject({ outcome: 'completed', failure: null, notes: [] });
    });
    await expectOn(stage, `${volumes}/offline.raw`);
    expect(await stage.files()).toEqual([guest.disk, `${volumes}/offline.raw`].map(nameOf));
  }, 60_000);
});

const nameOf = (path: string): string => path.slice(`${volumes}/`.length);
