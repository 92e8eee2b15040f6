import { expect, test } from 'vitest';

import { expectTwoDeleted, overlay, twoDeep, useDeletionLab } from '../support/lab-deletion.ts';
import { describeLab } from '../support/needs.ts';

const byHand = { name: 'two', by: 'manual' } as const;

describeLab('a deletion that is disturbed, on libvirt 9.0', () => {
  const stage = useDeletionLab('snapdelf');

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
