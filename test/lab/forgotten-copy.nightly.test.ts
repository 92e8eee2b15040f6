import { readdir } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, test } from 'vitest';

import type { LabHost } from '../../lab/index.ts';
import { createLibvirtHypervisors } from '../../src/adapters/libvirt/index.ts';
import { toFailure } from '../../src/ports/failure.ts';
import { systemClock } from '../../src/index.ts';
import { hooked } from '../support/hooked-hypervisors.ts';
import { expectLost, startAnew } from '../support/lab-lost-guest.ts';
import { expectUnharmed, snapshotDirectory, useSnapshotLab } from '../support/lab-snapshot.ts';
import { describeLab } from '../support/needs.ts';

/** What libvirtd would do next, through QEMU's monitor, which nobody else holds while it is dead. */
async function endCopyInQemu({ paths }: LabHost, name: string): Promise<void> {
  const directory = join(paths.libDir, 'qemu');
  const own = (await readdir(directory)).find((each) => each.endsWith(`-${name}`)) ?? '';
  const monitor = connect(join(directory, own, 'monitor.sock'));
  const tell = (execute: string, given: object = {}): boolean =>
    monitor.write(JSON.stringify({ execute, arguments: given }));
  tell('qmp_capabilities');
  tell('query-block-jobs');
  let job = '';
  for await (const line of createInterface(monitor)) {
    const [, device] = /"device": "(copy-[^"]*)"/.exec(line) ?? [];
    if (device !== undefined && job === '') {
      job = device;
      tell('block-job-cancel', { device });
    }
    if (line.includes('"status": "concluded"')) tell('job-dismiss', { id: job });
    if (line.includes('"status": "null"')) break;
  }
  monitor.destroy();
}

describeLab('a copy that only one of libvirt and QEMU knows of', () => {
  const stage = useSnapshotLab('forgotten', 'hostA', { fill: '16M' });

  test('is ended with its nodes where it is QEMU, and any other file is left alone', async () => {
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

  test('is told to the operator where it is libvirt, killed as the copy ended', async () => {
    const { guest, host } = stage;
    let deaths = 0;
    const killed = hooked({
      endBlockJob: async (call) => {
        deaths += 1;
        if (deaths > 1) return call();
        await host.kill();
        await endCopyInQemu(host, guest.name);
        await host.start();
        return call();
      },
    });
    const output = await stage.snapshot({ through: killed }).end();
    stage.note('working.ending', 'SIGKILL of libvirtd, whose QEMU forgets the copy', output);
    expect(await expectLost(stage, output)).toContain('believes in a copy');
    const nodes = '{"execute":"query-named-block-nodes","arguments":{"flat":true}}';
    expect(await host.virsh(['qemu-monitor-command', guest.name, nodes])).not.toContain('.delta');
    await stage.releaseClaims();
    await host.kill();
    await host.start();
    expect(await stage.snapshot().end()).toMatchObject({
      outcome: 'refused',
      failure: { code: 'noBlockJob' },
    });
    await startAnew(stage);
    expect(await stage.snapshot().end()).toMatchObject({ outcome: 'completed', failure: null });
    await expectUnharmed(stage, ['image.qcow2']);
  }, 120_000);
});
