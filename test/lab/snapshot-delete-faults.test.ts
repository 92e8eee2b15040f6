import { watch } from 'node:fs';
import { expect, test } from 'vitest';

import { expectTwoDeleted, overlay, twoDeep, useDeletionLab } from '../support/lab-deletion.ts';
import { describeLab } from '../support/needs.ts';

const byHand = { name: 'two', by: 'manual' } as const;

describeLab('a deletion that is disturbed, on libvirt 9.0', () => {
  const stage = useDeletionLab('snapdelf');

  test("libvirt's daemon killed when it has merged one disk of two: the rest is gone on with", async () => {
    const { host } = stage;
    const before = await twoDeep(stage);
    let killed: Promise<void> | null = null;
    const output = await stage.remove({
      what: { name: 'two' },
      onState: async (state) => {
        if (state !== 'working.deleting') return;
        const files = watch(host.paths.imagesDir, (event, name) => {
          if (event === 'rename' && name === 'two.vda') killed ??= host.kill();
        });
        await expect.poll(() => killed, { timeout: 30_000 }).not.toBeNull();
        files.close();
        await killed;
        await host.start();
      },
    });
    stage.note('deleting', 'libvirtd killed between two disks', output);
    expect(output).toMatchObject({ outcome: 'completed', failure: null, artefacts: [] });
    await expectTwoDeleted(stage, before);
  }, 120_000);

  test("somebody else's block job is refused, and goes on", async () => {
    const { host } = stage;
    const before = await twoDeep(stage);
    await host.virsh(['blockcommit', 'guest', 'vdb', '--active', '--base', overlay('one', 'vdb')]);
    const output = await stage.remove({ what: byHand });
    expect(output).toMatchObject({ outcome: 'refused', failure: { code: 'noBlockJob' } });
    expect((await stage.picture()).blockJobs).not.toEqual([]);
    await host.virsh(['blockjob', 'guest', 'vdb', '--abort']);
    expect(await stage.picture()).toEqual(before);
    stage.note('checking', "somebody else's block job", output);
  }, 120_000);

  test('aborted while its disks are merged: the guest keeps all its layers', async () => {
    const before = await twoDeep(stage);
    const output = await stage.remove({
      what: byHand,
      onState: (state, abort) => void (state === 'working.preparing.beginning' && abort()),
    });
    stage.note('preparing', 'abort', output);
    expect(output).toMatchObject({ outcome: 'rolledBack', failure: { code: 'abortRequested' } });
    expect(await stage.picture()).toEqual(before);
  }, 120_000);

  test('our process killed between the two pivots: another one goes on', async () => {
    const before = await twoDeep(stage);
    const output = await stage.remove({ what: byHand, dieIn: 'finalising.pivoting' });
    stage.note('finalising.pivoting', 'our process killed', output);
    expect(output).toMatchObject({ outcome: 'completed', failure: null, left: [] });
    await expectTwoDeleted(stage, before);
  }, 120_000);
});
