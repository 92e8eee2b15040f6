import { watch } from 'node:fs';
import { expect, test } from 'vitest';

import { expectTwoDeleted, twoDeep, useDeletionLab } from '../support/lab-deletion.ts';
import { describeLab } from '../support/needs.ts';

describeLab('a deletion that libvirt 9.0 is killed in', () => {
  const stage = useDeletionLab('snapdelh');

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
});
