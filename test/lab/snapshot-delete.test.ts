import { expect, test } from 'vitest';

import {
  bases,
  expectLeft,
  filesOf,
  overlay,
  tops,
  useDeletionLab,
} from '../support/lab-deletion.ts';
import { expectTicking } from '../support/lab-runs.ts';
import { describeLab } from '../support/needs.ts';

describeLab('a snapshot is deleted on libvirt 9.0, of a guest that ticks on', () => {
  const stage = useDeletionLab('snapdel');

  test('three deep, with two disks: by libvirt from the middle, then by hand', async () => {
    await stage.take(['one', 'two', 'three']);
    const before = await stage.picture();
    const middle = await stage.remove({ what: { name: 'two' } });
    expect(middle).toMatchObject({ outcome: 'completed', failure: null, way: 'libvirt', left: [] });
    expectLeft(await stage.picture(), before, {
      files: filesOf('two'),
      snapshots: ['one', 'three'],
      top: tops('three'),
    });
    const inner = await stage.remove({ what: { name: 'one', by: 'manual' } });
    expect(inner).toMatchObject({ outcome: 'completed', failure: null, way: 'merge', left: [] });
    expect(inner.merged.map(({ base }) => base)).toEqual(bases);
    expectLeft(await stage.picture(), before, {
      files: filesOf('one', 'two'),
      snapshots: ['three'],
      top: tops('three'),
    });
    // What libvirt keeps with the last one was mended, or it would refuse.
    const last = await stage.remove({ what: { name: 'three', by: 'libvirt' } });
    expect(last).toMatchObject({ outcome: 'completed', way: 'libvirt', artefacts: [] });
    expectLeft(await stage.picture(), before, {
      files: filesOf('one', 'two', 'three'),
      snapshots: [],
      top: bases,
    });
    await expectTicking(stage);
  }, 120_000);

  test('the newest by hand: every disk is prepared, then pivoted', async () => {
    await stage.take(['one', 'two']);
    const before = await stage.picture();
    const output = await stage.remove({ what: { name: 'two', by: 'manual' } });
    expect(output).toMatchObject({ outcome: 'completed', failure: null, left: [], artefacts: [] });
    expect(output.removed).toEqual(tops('two'));
    expectLeft(await stage.picture(), before, {
      files: filesOf('two'),
      snapshots: ['one'],
      top: tops('one'),
    });
    const metadata = await stage.remove({ what: { name: 'one', metadataOnly: true } });
    expect(metadata).toMatchObject({ outcome: 'completed', way: 'metadata', removed: [] });
    const what = { kind: 'merge', base: null, top: null } as const;
    const merged = await stage.remove({ what: { ...what, targetDev: 'vda', how: 'commit' } });
    expect(merged).toMatchObject({ outcome: 'completed', failure: null, left: [] });
    const pulled = await stage.remove({ what: { ...what, targetDev: 'vdb', how: 'pull' } });
    expect(pulled).toMatchObject({ outcome: 'completed', failure: null, left: [] });
    const after = await stage.picture();
    expect(after.disks).toEqual([bases[0], overlay('one', 'vdb')]);
    // Others may be made from it.
    expect(after.files).toContain('guest-extra.qcow2');
    expect(after).toMatchObject({ claimed: 0, blockJobs: [], snapshots: [] });
    await expectTicking(stage);
  }, 120_000);
});
