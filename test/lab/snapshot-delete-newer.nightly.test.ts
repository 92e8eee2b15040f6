import { expect, test } from 'vitest';

import { bases, expectLeft, filesOf, tops, useDeletionLab } from '../support/lab-deletion.ts';
import { expectTicking } from '../support/lab-runs.ts';
import { describeLab } from '../support/needs.ts';

describeLab('a snapshot is deleted on libvirt 11.3', () => {
  const stage = useDeletionLab('snapdeln', 'hostC');

  test('three deep: by libvirt and by hand', async () => {
    await stage.take(['one', 'two', 'three']);
    const before = await stage.picture();
    const middle = await stage.remove({ what: { name: 'two', by: 'manual' } });
    expect(middle).toMatchObject({ outcome: 'completed', failure: null, way: 'merge', left: [] });
    expectLeft(await stage.picture(), before, {
      files: filesOf('two'),
      snapshots: ['one', 'three'],
      top: tops('three'),
    });
    const newest = await stage.remove({ what: { name: 'three' } });
    expect(newest).toMatchObject({ outcome: 'completed', failure: null, way: 'libvirt', left: [] });
    const last = await stage.remove({ what: { name: 'one', by: 'manual' } });
    expect(last).toMatchObject({ outcome: 'completed', failure: null, left: [] });
    expectLeft(await stage.picture(), before, {
      files: filesOf('one', 'two', 'three'),
      snapshots: [],
      top: bases,
    });
    await expectTicking(stage);
  }, 240_000);

  test('one that a revert has left behind, and one that others lie over', async () => {
    const { host } = stage;
    await stage.take(['one', 'two']);
    await host.virsh(['snapshot-revert', 'guest', 'one'], { timeoutMs: 60_000 });
    const refused = await stage.remove({ what: { name: 'one', by: 'manual' } });
    expect(refused).toMatchObject({ outcome: 'refused', failure: { code: 'wayIsOpen' } });
    const before = await stage.picture();
    const output = await stage.remove({ what: { name: 'two' } });
    expect(output).toMatchObject({ outcome: 'completed', failure: null });
    expect((await stage.picture()).snapshots).toEqual(['one']);
    expect((await stage.picture()).disks).toEqual(before.disks);
  }, 240_000);
});
