import { watch } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';

import type { LabHost } from '../../lab/index.ts';
import { expectTwoDeleted, overlay, twoDeep, useDeletionLab } from '../support/lab-deletion.ts';
import { expectTicking } from '../support/lab-runs.ts';
import { describeLab } from '../support/needs.ts';

/** libvirtd's own record of the guest, which libvirt cannot read where a mirror has no job. */
const isTorn = async ({ paths }: LabHost): Promise<boolean> =>
  (await readFile(join(paths.runDir, 'qemu', 'guest.xml'), 'utf8')).includes("job=''");

describeLab('a deletion that libvirt 9.0 is killed in', () => {
  const stage = useDeletionLab('snapdelh');

  test("libvirt's daemon killed when it has merged one disk of two: the rest is gone on with, or the guest is told to be lost", async () => {
    const { host } = stage;
    const before = await twoDeep(stage);
    let killed: Promise<void> | null = null;
    let torn: boolean | null = null;
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
        torn = await isTorn(host);
        await host.start();
      },
    });
    const moment = torn === true ? 'between two records' : 'between two disks';
    stage.note('deleting', `libvirtd killed ${moment}`, output);
    if (torn === false) {
      expect(output).toMatchObject({ outcome: 'completed', failure: null, artefacts: [] });
      return expectTwoDeleted(stage, before);
    }
    expect(output).toMatchObject({
      outcome: 'needsOperator',
      failure: { code: 'guestUnseen' },
      merged: [{ targetDev: 'vda' }],
    });
    const after = await stage.picture();
    expect(after).toMatchObject({
      state: 'shut off',
      persistent: true,
      configured: [overlay('one', 'vda'), overlay('two', 'vdb')],
      snapshots: ['one', 'two'],
      files: before.files.filter((file) => file !== 'two.vda'),
    });
    expect(await host.qemuProcesses()).toEqual(['guest']);
    await expectTicking(stage);
  }, 120_000);
});
