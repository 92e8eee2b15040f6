import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';

import { lastTick } from '../../lab/index.ts';
import { hooked } from '../support/hooked-hypervisors.ts';
import { coldDirectory, expectUnharmed, useColdLab } from '../support/lab-cold.ts';
import { largestGap } from '../support/largest-gap.ts';
import { describeLab } from '../support/needs.ts';
import { tickOnImage } from '../support/second-guest.ts';

/** A tick takes 0.2 s, its sync and a busy machine some more. */
const tickMs = 3_000;

describeLab('a cold snapshot', () => {
  const stage = useColdLab('cold');

  test('takes three devices out and puts them back; the image boots and ticks on', async () => {
    const { guest, host, lab } = stage;
    const gaps = largestGap(guest.serial);
    const before = (await lastTick(guest.serial)) ?? 0;
    const output = await stage.snapshot({ input: { detach: await stage.aliases() } });
    // The guest has it on the disk before it says so.
    const after = ((await lastTick(guest.serial)) ?? 0) + 1;
    expect(output).toMatchObject({
      outcome: 'completed',
      failure: null,
      images: [{ targetDev: 'vda', path: `${coldDirectory}/image.qcow2`, format: 'qcow2' }],
      consistency: 'crash',
      lostDevices: [],
    });
    await expectUnharmed(stage, ['image.qcow2']);
    const outageMs = output.outageMs ?? 0;
    expect(outageMs).toBeGreaterThan(0);
    expect(Math.abs((await gaps.end()) - outageMs)).toBeLessThan(tickMs);
    const [image] = output.images;
    if (image === undefined) throw new Error('there is no image');
    const number = await tickOnImage(lab, host, guest, image);
    expect(number).toBeGreaterThanOrEqual(before);
    expect(number).toBeLessThanOrEqual(after);
    await host.run('rm', [image.path]);
  }, 240_000);

  test('with a short outage copies while the guest runs, and merges what it wrote', async () => {
    const { guest, host } = stage;
    let ticked = 0;
    // The guest writes to its overlay for as long as the copy takes.
    const slow = hooked({
      convertImage: async (call) => {
        const from = (await lastTick(guest.serial)) ?? 0;
        await sleep(2_000);
        const result = await call();
        ticked = ((await lastTick(guest.serial)) ?? 0) - from;
        return result;
      },
    });
    const output = await stage.snapshot({ input: { shortOutage: true }, through: slow });
    expect(output).toMatchObject({ outcome: 'completed', failure: null });
    expect(ticked).toBeGreaterThan(0);
    await host.run('rm', [`${coldDirectory}/image.qcow2`]);
    await expectUnharmed(stage);
  }, 240_000);

  test('leaves a paused guest paused', async () => {
    const { guest, host } = stage;
    await host.virsh(['suspend', guest.name]);
    const paused = await lastTick(guest.serial);
    const output = await stage.snapshot();
    const state = await host.virsh(['domstate', guest.name]);
    expect(output).toMatchObject({ outcome: 'completed', outageMs: null });
    expect(state.trim()).toBe('paused');
    expect(await lastTick(guest.serial)).toBe(paused);
    await host.virsh(['resume', guest.name]);
    await host.run('rm', [`${coldDirectory}/image.qcow2`]);
    await expectUnharmed(stage);
  }, 240_000);

  test('refuses a target that stands, and a device that is not there, with nothing touched', async () => {
    const { host } = stage;
    const file = `${coldDirectory}/standing.qcow2`;
    await host.run('touch', [file]);
    const standing = await stage.snapshot({ input: { fileName: 'standing.qcow2' } });
    await host.run('rm', [file]);
    expect(standing).toMatchObject({ outcome: 'refused', failure: { code: 'targetFree' } });
    const absent = await stage.snapshot({ input: { detach: ['net7'] } });
    expect(absent).toMatchObject({ outcome: 'refused', failure: { code: 'devicesKnown' } });
    await expectUnharmed(stage);
  }, 240_000);
});
