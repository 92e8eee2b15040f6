import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';

import { lastTick, waitForTick } from '../../lab/index.ts';
import { FailureError } from '../../src/ports/failure.ts';
import { hooked } from '../support/hooked-hypervisors.ts';
import { diskDirectory, useDomainSnapshotLab } from '../support/lab-domain-snapshot.ts';
import { expectTicking } from '../support/lab-runs.ts';
import { describeLab } from '../support/needs.ts';

const lost = (): FailureError =>
  new FailureError({ code: 'connectionLost', message: 'it was killed', effect: 'unknown' });

/** What libvirtd has on record of a commit's job and mirror, killed before QEMU's answer and behind it. */
const records = {
  pivoting: " job='active-commit' ready='pivot'",
  unreadable: " job=''",
} as const;

describe.each([
  ['hostA', 'pivoting'],
  ['hostA', 'unreadable'],
  ['hostC', 'pivoting'],
] as const)('on %s, with a record that is %s', (on, record) => {
  describeLab('a daemon that is killed as an overlay is merged back', () => {
    const stage = useDomainSnapshotLab(`astray-${on.toLowerCase()}-${record}`, on);
    const overlay = `${diskDirectory}/guest.astray`;

    /** QEMU has pivoted; what libvirtd finds when it is back is from the moment before it heard of that. */
    const killedOverPivot = async (call: () => Promise<unknown>): Promise<never> => {
      const { guest, host } = stage;
      const file = join(host.paths.runDir, 'qemu', `${guest.name}.xml`);
      const before = await readFile(file, 'utf8');
      const configured = await host.virsh(['dumpxml', guest.name, '--inactive']);
      await call();
      const definition = join(host.dir, 'guest.xml');
      await writeFile(definition, configured);
      await host.virsh(['define', definition]);
      await host.kill();
      const found = before
        .replace(/( type='active-commit' state=)'ready'/, "$1'pivoting'")
        .replace(/ job='active-commit' ready='yes'/, records[record]);
      expect(found).toContain(records[record]);
      expect(found).toContain("state='pivoting'");
      await writeFile(file, found);
      await host.start();
      throw lost();
    };

    test('what is said is true, and nothing of the guest is lost', async () => {
      const { guest, host } = stage;
      let pivots = 0;
      const before = await stage.picture();
      const base = before.disks['vda'] ?? '';
      const { artefacts, failure, outcome } = await stage.snapshot({
        input: { name: 'astray', disks: [{ targetDev: 'vda', overlayPath: overlay }] },
        through: hooked({
          // As a daemon that is killed behind the transaction and before its snapshot's file.
          createSnapshot: async () => {
            const disks = ['vda', 'vdb'].flatMap((disk) => [
              '--diskspec',
              disk === 'vda' ? `vda,snapshot=external,file=${overlay}` : `${disk},snapshot=no`,
            ]);
            const options = ['--disk-only', '--no-metadata', ...disks];
            await host.virsh(['snapshot-create-as', guest.name, 'astray', ...options]);
            throw lost();
          },
          endBlockJob: (call) => {
            pivots += 1;
            return pivots === 1 ? killedOverPivot(call) : call();
          },
        }),
      });
      stage.note('merging', `libvirtd killed over the pivot: ${record}`, { outcome });
      expect(pivots).toBe(1);
      expect(outcome).toBe('needsOperator');
      const isUnseen = record === 'unreadable';
      expect(failure?.code).toBe(isUnseen ? 'guestUnseen' : 'chainStale');
      expect(failure?.message).toContain(`vda: ${overlay} over ${base}`);
      expect(artefacts).toContainEqual(expect.objectContaining({ kind: 'overlay', path: overlay }));
      const after = await stage.picture();
      expect(after.files).toEqual([...before.files, 'guest.astray'].toSorted());
      // Where it is known, the next start takes it.
      expect(after.configured['vda']).toBe(isUnseen ? overlay : base);
      expect(await host.qemuProcesses()).toEqual([guest.name]);
      await expectTicking(stage);
      if (isUnseen) return;
      // What is told: the guest is started anew, and counts on from where it was.
      await host.virsh(['destroy', guest.name]);
      const last = (await lastTick(guest.serial)) ?? 0;
      await host.virsh(['start', guest.name], { timeoutMs: 60_000 });
      await waitForTick(guest.serial, last + 1, { timeoutMs: 60_000 });
      expect((await stage.picture()).disks['vda']).toBe(base);
      await host.run('rm', [overlay]);
      await stage.releaseClaims();
      const next = await stage.snapshot({ input: { name: 'next' } });
      expect(next).toMatchObject({ outcome: 'completed', failure: null });
    }, 180_000);
  });
});
