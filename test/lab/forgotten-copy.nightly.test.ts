import { expect, test } from 'vitest';

import { createLibvirtHypervisors } from '../../src/adapters/libvirt/index.ts';
import { toFailure } from '../../src/ports/failure.ts';
import { systemClock } from '../../src/index.ts';
import { expectUnharmed, snapshotDirectory, useSnapshotLab } from '../support/lab-snapshot.ts';
import { describeLab } from '../support/needs.ts';

describeLab('a copy that QEMU makes and libvirt does not know of', () => {
  const stage = useSnapshotLab('forgotten', 'hostA', { fill: '16M' });

  test('is ended with its nodes, and any other file is left alone', async () => {
    const { guest, host } = stage;
    const { signal } = new AbortController();
    const path = `${snapshotDirectory}/delta`;
    await host.run('qemu-img', ['create', '-q', '-f', 'qcow2', path, '64M']);
    const ask = (execute: string, given: object): Promise<string> =>
      host.virsh([
        'qemu-monitor-command',
        guest.name,
        JSON.stringify({ execute, arguments: given }),
      ]);
    await ask('blockdev-add', { driver: 'file', filename: path, 'node-name': 'libvirt-9-storage' });
    const format = { driver: 'qcow2', file: 'libvirt-9-storage', 'node-name': 'libvirt-9-format' };
    await ask('blockdev-add', format);
    const job = { 'job-id': 'copy-vda-libvirt-1-format', device: 'libvirt-1-format' };
    const mirror = { target: 'libvirt-9-format', sync: 'top', speed: 2 ** 20 };
    await ask('blockdev-mirror', { ...job, ...mirror, 'auto-dismiss': false });

    const hypervisors = createLibvirtHypervisors({ clock: systemClock });
    const hypervisor = await hypervisors.open(host.uri, signal);
    const drop = (file: string): Promise<string> =>
      hypervisor
        .dropForgottenCopy(guest.uuid, { targetDev: 'vda', path: file }, signal)
        .catch((error: unknown) => toFailure(error).code);
    expect(await drop('/elsewhere')).toBe('none');
    await expect.poll(() => drop(path), { timeout: 20_000 }).not.toBe('jobActive');
    expect(await drop(path)).toBe('none');
    await hypervisors.close();
    await host.run('rm', [path]);
    await expectUnharmed(stage);
    const listed = await ask('query-jobs', {});
    expect(listed).not.toContain('copy-vda');
  }, 90_000);
});
