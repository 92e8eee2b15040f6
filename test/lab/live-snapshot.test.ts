import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';

import { lastTick } from '../../lab/index.ts';
import { hooked } from '../support/hooked-hypervisors.ts';
import {
  expectUnharmed,
  freezeStatus,
  snapshotDirectory,
  useSnapshotLab,
} from '../support/lab-snapshot.ts';
import { largestGap } from '../support/largest-gap.ts';
import { describeLab } from '../support/needs.ts';
import { tickOnImage } from '../support/second-guest.ts';

const heldMs = 1_500;

describeLab('a live snapshot', () => {
  const stage = useSnapshotLab('live', 'hostA', { extraDisk: '16M' });

  test('of a chain three deep is one image that boots and ticks on; a disk is left out', async () => {
    const { guest, host, lab } = stage;
    for (const layer of ['second', 'third'])
      await host.virsh([
        'snapshot-create-as',
        guest.name,
        layer,
        '--disk-only',
        '--no-metadata',
        '--diskspec',
        `vda,file=/var/lib/libvirt/images/${layer}.qcow2`,
        '--diskspec',
        'vdb,snapshot=no',
      ]);
    const before = (await lastTick(guest.serial)) ?? 0;
    const gaps = largestGap(guest.serial);
    // The guest stands still for a time that its own ticks show.
    const held = hooked({
      endBlockJob: async (call) => {
        await sleep(heldMs);
        return call();
      },
    });
    const snapshot = stage.snapshot({ input: { quiesce: 'required' }, through: held });
    const output = await snapshot.end();
    expect(output).toMatchObject({
      outcome: 'completed',
      failure: null,
      images: [{ targetDev: 'vda', path: `${snapshotDirectory}/image.qcow2`, format: 'qcow2' }],
      consistency: 'filesystem',
      notes: [],
    });
    // The guest has it on the disk before it says so.
    const after = ((await lastTick(guest.serial)) ?? 0) + 1;
    await expectUnharmed(stage, ['image.qcow2']);
    expect(await freezeStatus(stage)).toBe('thawed');
    const stoodMs = await gaps.end();
    expect(output.frozenMs).toBeGreaterThanOrEqual(heldMs);
    expect(stoodMs).toBeGreaterThan(heldMs / 2);
    // A tick takes 0.2 s and what its sync takes.
    expect(stoodMs).toBeLessThan((output.frozenMs ?? 0) + 2_000);

    const [image] = output.images;
    if (image === undefined) throw new Error('there is no image');
    const number = await tickOnImage(lab, host, guest, image);
    expect(number).toBeGreaterThanOrEqual(before);
    expect(number).toBeLessThanOrEqual(after);
    await host.run('rm', [image.path]);
  }, 120_000);
});
