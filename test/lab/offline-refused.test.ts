import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';

import type { LiveMigrationInput } from '../../machines/index.ts';
import { useLab } from '../support/lab-migration.ts';
import { describeLab } from '../support/needs.ts';
import { definitionOnly } from '../support/shut-off.ts';

describeLab('a domain that cannot be moved shut off', () => {
  const stage = useLab('offlinerefused');
  const there = { from: 'hostA', to: 'hostB' };
  const onA = () => stage.lab.host('hostA');
  const onB = () => stage.lab.host('hostB');
  const shutOff = { on: 'hostA', state: 'shutOff', storage: 'shared' } as const;

  /** Neither daemon was asked for anything that leaves a trace. */
  const expectRefused = async (
    guest: Awaited<ReturnType<typeof stage.lab.guest>>,
    code: string,
    says: string,
    options: Partial<LiveMigrationInput['options']> = {},
  ) => {
    const before = await stage.lab.listing();
    const asked = { ...definitionOnly.options, ...options };
    const output = await stage
      .migrate(guest, { ...there, ...definitionOnly, options: asked })
      .end();
    expect(output).toMatchObject({
      outcome: 'refused',
      failure: { code, message: expect.stringContaining(says), effect: 'none' },
      phases: [],
    });
    expect(await stage.lab.listing()).toEqual(before);
    expect(await onB().migrationLog()).toEqual([]);
  };

  test('because it runs, or is paused, or has its memory saved', async () => {
    const guest = await stage.lab.guest('guest', { on: 'hostA', storage: 'shared' });
    await expectRefused(guest, 'shutOff', 'guest is running');
    await onA().virsh(['suspend', guest.name]);
    await expectRefused(guest, 'shutOff', 'guest is paused');
    await onA().virsh(['managedsave', guest.name], { timeoutMs: 60_000 });
    await expectRefused(guest, 'noManagedSave', 'managedsave-remove');
    await onA().virsh(['managedsave-remove', guest.name]);
    const output = await stage.migrate(guest, { ...there, ...definitionOnly }).end();
    expect(output).toMatchObject({ outcome: 'completed' });
  });

  test('because libvirt keeps snapshots of it', async () => {
    const guest = await stage.lab.guest('guest', shutOff);
    await onA().virsh(['snapshot-create-as', guest.name, 'before']);
    await expectRefused(guest, 'noSnapshots', '1 snapshot(s)');
  });

  test('because the destination has its definition already', async () => {
    const guest = await stage.lab.guest('guest', shutOff);
    const file = join(stage.lab.paths.dir, 'defined.xml');
    await writeFile(file, await onA().virsh(['dumpxml', '--migratable', guest.name]));
    await onB().virsh(['define', file]);
    await expectRefused(guest, 'offlineNotDefined', 'undefine it there');
  });

  test('because its NVRAM would stay behind, unless it was copied by hand', async () => {
    const guest = await stage.lab.guest('guest', { ...shutOff, firmware: 'uefi' });
    await onA().virsh(['start', guest.name]);
    await onA().virsh(['destroy', guest.name]);
    const nvram = '/var/lib/libvirt/qemu/nvram/guest_VARS.fd';
    await expectRefused(guest, 'nvramFollows', nvram, { unsafe: false });
    const [from, to] = [onA(), onB()].map(({ paths }) =>
      join(paths.libDir, 'qemu/nvram/guest_VARS.fd'),
    );
    if (from === undefined || to === undefined) throw new Error('two hosts have two files');
    const output = await stage.migrate(guest, { ...there, ...definitionOnly }).end();
    expect(output).toMatchObject({ outcome: 'completed', failure: null });
    // The reason for the check: libvirt brings no NVRAM along.
    await expect(readFile(to)).rejects.toThrow('ENOENT');
    expect((await readFile(from)).length).toBeGreaterThan(0);
  });
});
