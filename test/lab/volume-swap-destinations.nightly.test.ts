import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { afterEach, expect, onTestFinished, test } from 'vitest';

import type { DiskImage } from '../../src/ports/disk-source.ts';
import { hooked } from '../support/hooked-hypervisors.ts';
import {
  expectOn,
  fileImage,
  recoverGuest,
  serveNbd,
  slowly,
  useSwapLab,
  volumes,
} from '../support/lab-swap.ts';
import { describeLab } from '../support/needs.ts';

const existing = { create: false };
const diskBytes = 2 ** 26;

describeLab('a swap to', () => {
  const stage = useSwapLab('swap-places', { extraDisk: '16M' });

  afterEach(() => recoverGuest(stage));

  const make = (path: string, format: string, sizeBytes = diskBytes): Promise<string> =>
    stage.host.run('qemu-img', ['create', '-q', '-f', format, path, `${sizeBytes}`]);

  /** A block device of the host, of which libvirt knows only its path. */
  async function newDevice(sizeBytes: number): Promise<DiskImage> {
    const path = `${volumes}/device.img`;
    await stage.host.run('truncate', ['-s', `${sizeBytes}`, path]);
    const device = (await stage.host.run('losetup', ['-f', '--show', path])).trim();
    onTestFinished(async () => {
      await stage.host.run('losetup', ['-d', device]);
      await stage.remove('device.img');
    });
    return { source: { kind: 'block', path: device }, format: 'raw' };
  }

  /** From a disk that cannot be read any more, as an operator would: off, and its old disk again. */
  async function bringBack(definition: string): Promise<void> {
    const { guest, host } = stage;
    await host.virsh(['destroy', guest.name]);
    const file = join(host.paths.libDir, 'brought-back.xml');
    await writeFile(file, definition);
    await host.virsh(['define', file]);
    await rm(file);
    await recoverGuest(stage);
  }

  const backTo = async (name: string) => {
    const output = await stage.swap(fileImage(name));
    expect(output).toMatchObject({ outcome: 'completed', failure: null });
  };

  test('a block device, and back', async () => {
    const device = await newDevice(diskBytes);
    const output = await stage.swap(device, { order: existing });
    stage.note('completed', 'none, to a block device', output);
    expect(output).toMatchObject({ outcome: 'completed', failure: null });
    const place = output.swapped[0]?.volume ?? '';
    expect(place).toMatch(/^\/dev\/loop/);
    await stage.powerCycle();
    await expectOn(stage, place);
    await backTo('from-device.qcow2');
  }, 120_000);

  test('a block device that cannot grow: the swap stands, and says what is left to do', async () => {
    const device = await newDevice(diskBytes);
    const output = await stage.swap(device, {
      order: { ...existing, resizeBytes: 2 * diskBytes },
      input: { peerWaitMs: 3_000 },
    });
    stage.note('resizing', 'the device cannot grow', output);
    expect(output).toMatchObject({ outcome: 'completed', failure: null });
    expect(output.swapped).toMatchObject([{ resizedToBytes: null }]);
    expect(output.notes.join()).toMatch(/could not be resized .*virsh .*blockresize/);
    await expectOn(stage, output.swapped[0]?.volume ?? '');
    await backTo('grown-not.qcow2');
  }, 120_000);

  test('a larger block device is refused: QEMU would fail the copy', async () => {
    const device = await newDevice(2 * diskBytes);
    const output = await stage.swap(device, {
      order: { ...existing, resizeBytes: 2 * diskBytes },
    });
    stage.note('checking', 'a larger device', output);
    expect(output).toMatchObject({ outcome: 'refused', failure: { code: 'destinationFits' } });
  }, 60_000);

  test.each(['tcp', 'unix'] as const)(
    'an NBD export by %s, and back',
    async (transport) => {
      const image = await serveNbd(stage, transport);
      const output = await stage.swap(image.to, { order: existing });
      stage.note('completed', `none, to NBD by ${transport}`, output);
      expect(output).toMatchObject({ outcome: 'completed', failure: null });
      await stage.powerCycle();
      // virsh names an export by its name alone.
      await expectOn(stage, 'vol');
      await backTo(`from-${transport}.qcow2`);
    },
    120_000,
  );

  test.each([
    ['awaitingReady.waiting', 'background'],
    ['awaitingReady.confirming', 'background'],
    ['awaitingReady.confirming', 'synchronous'],
    ['pivoting.asking', 'background'],
  ])(
    'an NBD export whose server is killed in %s, with writes in the %s',
    async (state, writes) => {
      const [before] = await stage.places();
      const definition = await stage.definition();
      const { signal, to } = await serveNbd(stage, 'tcp');
      let isKilled = false;
      const synchronousWrites = writes === 'synchronous';
      const output = await stage.swap(to, {
        order: existing,
        input: state.endsWith('waiting') ? slowly : { bandwidthMibPerS: 32 },
        through: hooked({
          copyBlock: (call, given) => {
            Object.assign(given[3] as object, { synchronousWrites });
            return call();
          },
        }),
        onState: async (entered) => {
          if (isKilled || !entered.endsWith(state)) return;
          isKilled = true;
          await signal('KILL');
        },
      });
      stage.note(state, `the NBD server is killed, ${writes} writes`, output);
      expect(isKilled).toBe(true);
      if (output.outcome === 'completed') {
        // It came too late, and the guest writes to an export without its server.
        expect(state).not.toBe('awaitingReady.waiting');
        await bringBack(definition);
        return;
      }
      expect(output).toMatchObject({ outcome: 'rolledBack', failure: { code: 'copyLost' } });
      await expectOn(stage, before ?? '');
    },
    120_000,
  );

  test('a file system that gets full in the middle', async () => {
    const [before] = await stage.places();
    const small = `${volumes}/small`;
    await stage.host.run('mkdir', ['-p', small]);
    await stage.host.run('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', small]);
    onTestFinished(async () => {
      await stage.host.run('umount', [small]);
      await stage.host.run('rmdir', [small]);
    });
    const output = await stage.swap(fileImage('small/disk.qcow2'), {
      // The check beforehand would see it.
      through: hooked({ availableBytes: () => Promise.resolve(2 ** 40) }),
    });
    stage.note('copying.awaitingReady', 'the destination is full', output);
    expect(output).toMatchObject({ outcome: 'rolledBack', failure: { code: 'copyLost' } });
    expect(output).toMatchObject({ artefacts: [], swapped: [] });
    expect(await stage.host.run('ls', ['-A', small])).toBe('');
    await expectOn(stage, before ?? '');
  }, 60_000);

  test('a file that is larger: it is cut, and grows to what was asked for', async () => {
    const to = fileImage('larger.qcow2');
    await make(`${volumes}/larger.qcow2`, 'qcow2', 4 * diskBytes);
    const refused = await stage.swap(to, { order: existing });
    expect(refused).toMatchObject({ outcome: 'refused', failure: { code: 'destinationFits' } });
    const output = await stage.swap(to, { order: { ...existing, resizeBytes: 2 * diskBytes } });
    stage.note('completed', 'none, to a larger file', output);
    expect(output).toMatchObject({ outcome: 'completed', failure: null, notes: [] });
    expect(output.swapped).toMatchObject([{ resizedToBytes: 2 * diskBytes }]);
    await expectOn(stage, `${volumes}/larger.qcow2`);
    const info = await stage.host.virsh(['domblkinfo', stage.guest.name, 'vda']);
    expect(info).toMatch(new RegExp(`Capacity: +${2 * diskBytes}\\n`));
  }, 60_000);

  test('volumes for two disks: both pivot when both are in step', async () => {
    const { guest, host } = stage;
    const sized = (await host.virsh(['domblkinfo', guest.name, 'vda'])).match(/\d+/)?.[0];
    expect(Number(sized)).toBeGreaterThanOrEqual(diskBytes);
    const disks = ['vda', 'vdb'].map((targetDev) => ({
      targetDev,
      to: fileImage(`two-${targetDev}.qcow2`),
      create: true,
      resizeBytes: null,
    }));
    const output = await stage.swap(fileImage('unused'), { input: { disks } });
    stage.note('completed', 'none, two disks', output);
    expect(output).toMatchObject({ outcome: 'completed', failure: null });
    expect(output.swapped.map(({ targetDev }) => targetDev)).toEqual(['vda', 'vdb']);
    await stage.powerCycle();
    await expectOn(stage, `${volumes}/two-vda.qcow2`);
    expect(await host.virsh(['domblklist', guest.name, '--inactive'])).toMatch(/two-vdb\.qcow2/);
  }, 120_000);

  test('the same place at the same time, twice: one of them is refused', async () => {
    let second: Promise<unknown> | null = null;
    const first = await stage.swap(fileImage('first.qcow2'), {
      input: { bandwidthMibPerS: 32 },
      onState: async (state) => {
        if (!state.endsWith('awaitingReady.waiting') || second !== null) return;
        second = stage.swap(fileImage('second.qcow2'));
        expect(await second).toMatchObject({ outcome: 'refused' });
      },
    });
    stage.note('copying.awaitingReady', 'a second swap', first);
    expect(second).not.toBeNull();
    expect(first).toMatchObject({ outcome: 'completed', failure: null });
    await expectOn(stage, `${volumes}/first.qcow2`);
    expect(await stage.files()).not.toContain('second.qcow2');
  }, 60_000);

  test('nowhere, because the guest ends in the copy', async () => {
    const [before] = await stage.places();
    const begun = Promise.withResolvers<void>();
    const swapping = stage.swap(fileImage('ended.qcow2'), {
      input: slowly,
      onState: (state) => {
        if (state.endsWith('awaitingReady.waiting')) begun.resolve();
      },
    });
    await Promise.race([begun.promise, swapping]);
    await stage.powerCycle(() => swapping);
    const output = await swapping;
    stage.note('copying.awaitingReady', 'the guest is ended', output);
    expect(output).toMatchObject({ outcome: 'rolledBack', failure: { code: 'guestStopped' } });
    expect(output).toMatchObject({ artefacts: [], swapped: [] });
    await expectOn(stage, before ?? '');
  }, 60_000);
});
