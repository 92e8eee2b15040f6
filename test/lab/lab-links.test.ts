import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import type { Lab, LabHost } from '../../lab/index.ts';
import { labDown, labUp } from '../../lab/index.ts';
import { virsh } from '../../lab/virsh.ts';
import { describeLab, labNameFor } from '../support/needs.ts';

/** Asks a host's daemon from another host, over the lab's network. */
function askAcross(from: LabHost, to: LabHost): Promise<string> {
  return from.run('virsh', ['--connect', to.tcp, 'list', '--name'], { timeoutMs: 3000 });
}

describeLab("faults on a lab's links", () => {
  const name = labNameFor('links');
  let lab: Lab;
  let hostA: LabHost;
  let hostB: LabHost;
  beforeAll(async () => {
    lab = await labUp({ name });
    [hostA, hostB] = [lab.host('hostA'), lab.host('hostB')];
  });
  afterEach(async () => {
    await Promise.all(lab.hosts.map((host) => host.clearLink()));
    await askAcross(hostA, hostB);
  });
  afterAll(() => labDown(name));

  test('a pulled cable cuts the host off until it is plugged in', async () => {
    await askAcross(hostA, hostB);
    await hostB.setLink('down');
    await expect(askAcross(hostA, hostB)).rejects.toThrow(/in time|No route|unreachable/);
    await virsh(hostB.uri, ['list']);
    await hostB.setLink('up');
    await askAcross(hostA, hostB);
  });

  test('a dropped port is silent, in the direction asked for', async () => {
    // A connection request that came in, but whose answer does not get out, stays half open.
    const halfOpen = () => hostB.run('ss', ['-Htn', 'state', 'syn-recv', 'sport', '=', ':16509']);
    await hostB.dropPort({ ports: '16000-17000', direction: 'in', effect: 'drop' });
    await expect(askAcross(hostA, hostB)).rejects.toThrow('in time');
    expect(await halfOpen()).toBe('');
    await hostB.clearLink();
    await hostB.dropPort({ ports: '16509', direction: 'out', effect: 'drop' });
    const refused = expect(askAcross(hostA, hostB)).rejects.toThrow('in time');
    await vi.waitUntil(async () => (await halfOpen()).includes(':16509'), 10_000);
    await refused;
  });

  test('a reset port answers at once', async () => {
    await hostB.dropPort({ ports: '16509', direction: 'in', effect: 'reset' });
    await expect(askAcross(hostA, hostB)).rejects.toThrow(/refused|reset/);
  });

  test('a port that is reset on both hosts answers at once too', async () => {
    const fault = { ports: '16509', direction: 'both', effect: 'reset' } as const;
    await Promise.all([hostA.dropPort(fault), hostB.dropPort(fault)]);
    await expect(askAcross(hostA, hostB)).rejects.toThrow(/refused|reset/);
  });

  test('a rate limits what the host sends', async () => {
    const file = join(lab.paths.sharedDir, 'two-megabytes');
    await writeFile(file, Buffer.alloc(2_000_000, 'x'));
    await virsh(hostB.uri, ['vol-create-as', 'images', 'volume', '2000000']);
    const upload = ['--connect', hostB.tcp, 'vol-upload', 'volume', file, '--pool', 'images'];
    await hostA.setRate('8mbit');
    const begunMs = performance.now();
    await hostA.run('virsh', upload);
    // 16 Mbit, less the 1 Mbit that the bucket lets through at once.
    expect(performance.now() - begunMs).toBeGreaterThan(1600);
    await hostA.clearLink();
    const clearedMs = performance.now();
    await hostA.run('virsh', upload);
    expect(performance.now() - clearedMs).toBeLessThan(1600);
  });

  test('the migration network can be cut and slowed alone', async () => {
    const beside = () =>
      hostA.run('virsh', ['--connect', 'qemu+tcp://hostB-migration/system', 'list'], {
        timeoutMs: 3000,
      });
    await beside();
    await hostB.setLink('down', 'migration');
    await expect(beside()).rejects.toThrow(/in time|No route|unreachable/);
    await askAcross(hostA, hostB);
    await hostB.setLink('up', 'migration');
    await beside();
    await hostB.dropPort({
      ports: '16509',
      direction: 'in',
      effect: 'reset',
      network: 'migration',
    });
    await expect(beside()).rejects.toThrow(/refused|reset/);
    await askAcross(hostA, hostB);
    await hostB.healPorts();
    await beside();
    await hostA.setRate('1mbit', 'migration');
    const shaped = async () => hostA.run('tc', ['qdisc', 'show']);
    expect(await shaped()).toMatch(/tbf .* dev eth1 .* rate 1Mbit/);
    expect(await shaped()).not.toMatch(/tbf .* dev eth0/);
    await hostA.clearLink();
    expect(await shaped()).not.toContain('tbf');
  });

  test('daemons can be cut off from each other while streams go on', async () => {
    await hostB.breakDaemonConnections('reset');
    for (const uri of [hostB.tcp, hostB.tls, hostB.ssh]) {
      const asked = hostA.run('virsh', ['--connect', uri, 'list'], { timeoutMs: 3000 });
      await expect(asked).rejects.toThrow(/refused|reset/);
    }
    const stream = await hostB.occupyPorts('49152');
    await hostA.run('nc', ['-z', 'hostB', '49152']);
    await stream.release();
    await hostB.healPorts();
    await askAcross(hostA, hostB);
  });

  test('a host can forget the names of the others', async () => {
    const resolve = () => hostA.run('getent', ['hosts', 'hostB']);
    expect(await resolve()).toContain(hostB.address);
    await hostA.setNameResolution('own');
    await expect(resolve()).rejects.toThrow('exited with 2');
    await hostA.setNameResolution('all');
    expect(await resolve()).toContain(hostB.address);
  });
});
