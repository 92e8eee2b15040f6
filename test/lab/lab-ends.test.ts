import { readFile, readdir, readlink, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { run } from '../../lab/command.ts';
import { labDown, labOpen, labUp } from '../../lab/index.ts';
import { virsh } from '../../lab/virsh.ts';
import { describeLab, labNameFor } from '../support/needs.ts';

describeLab('leaving a lab', () => {
  const name = labNameFor('leaving');
  afterAll(() => labDown(name));

  test('a reset brings every host back to new, whatever was done to it', async () => {
    const lab = await labUp({ name });
    const [hostA, hostB] = [lab.host('hostA'), lab.host('hostB')];
    const fresh = await lab.listing();
    await lab.bareDomain('one', { on: 'hostA' });
    await virsh(hostA.uri, ['vol-create-as', 'images', 'left-over', '8M']);
    await hostA.setLink('down');
    await hostB.dropPort({ ports: '16509', direction: 'both', effect: 'drop' });
    await hostA.sigstop();
    await hostB.kill();
    await lab.reset();
    expect(await lab.listing()).toEqual(fresh);
    await hostA.run('virsh', ['--connect', hostB.tcp, 'list'], { timeoutMs: 5000 });
  });

  test('going down leaves no namespace, mount, process or file, and may be said twice', async () => {
    const lab = await labUp({ name });
    await lab.bareDomain('one', { on: 'hostA' });
    await lab.host('hostB').kill();
    const files = lab.hosts.map((host) => host.paths.networkFile);
    const inodes = await Promise.all(files.map(async (file) => (await stat(file)).ino));

    await lab.down();
    await lab.down();

    const left = (await readdir('/run/netns')).filter((entry) => entry.includes(`-${name}-`));
    expect(left).toEqual([]);
    const mounts = await readFile('/proc/self/mountinfo', 'utf8');
    expect(mounts.split('\n').filter((line) => line.includes(name))).toEqual([]);
    const processes = (await readdir('/proc')).filter((entry) => /^\d+$/.test(entry));
    const networks = await Promise.all(
      processes.map((pid) => readlink(`/proc/${pid}/ns/net`).catch(() => '')),
    );
    expect(networks.filter((link) => inodes.some((ino) => link === `net:[${ino}]`))).toEqual([]);
    await expect(stat(lab.paths.dir)).rejects.toThrow('ENOENT');
    await expect(labOpen(name)).rejects.toThrow(`there is no lab '${name}'`);
  });
});

describeLab("the lab's command line", () => {
  const name = labNameFor('cli');
  afterAll(() => labDown(name));

  async function command(...args: string[]) {
    const main = join(import.meta.dirname, '..', '..', 'lab', 'main.ts');
    try {
      const words = ['--conditions=virtstate-source', main, ...args, '--name', name];
      const stdout = await run(process.execPath, words, { timeoutMs: 60_000 });
      return { exitCode: 0, stdout };
    } catch (error) {
      return { exitCode: 0, stdout: '', ...(error as object) };
    }
  }

  test('goes from up to down, and tells who is where', async () => {
    expect(await command('up')).toMatchObject({ exitCode: 0 });
    expect(await command('guest', 'guest', '--on', 'hostB', '--no-agent')).toMatchObject({
      exitCode: 0,
    });
    const status = JSON.parse((await command('status', '--json')).stdout);
    const lab = await labOpen(name);
    const hosts = await Promise.all(
      lab.hosts.map(async (host) => {
        const { uri, tcp, dir } = host;
        return { name: host.name, uri, tcp, dir, pid: await host.pid() };
      }),
    );
    expect(status).toEqual({
      hosts,
      guests: [
        {
          name: 'guest',
          host: 'hostB',
          serial: join(lab.paths.serialDir, 'guest.log'),
          disk: '/var/lib/libvirt/images/guest.qcow2',
        },
      ],
    });
    expect(await command('daemon', 'hostA', 'kill')).toMatchObject({ exitCode: 0 });
    expect(JSON.parse((await command('status', '--json')).stdout).hosts[0].pid).toBeNull();
    expect(await command('daemon', 'hostA', 'start')).toMatchObject({ exitCode: 0 });
    expect(await command('link', '--host', 'hostA', '--rate', '100mbit')).toMatchObject({
      exitCode: 0,
    });
    expect(await command('down', '--json')).toMatchObject({ exitCode: 0 });
  });

  test.for([
    { args: ['status'], says: 'there is no lab' },
    { args: ['up', '--hosts', '5'], says: 'A lab has 2, 3 or 4 hosts' },
    { args: ['link'], says: 'link needs one of' },
    { args: ['link', '--rate', '1mbit', '--down'], says: 'link needs one of' },
    { args: ['link', '--up', '--reset'], says: 'go with --drop-port' },
    { args: ['daemon', 'hostA', 'hug'], says: 'kill, sigstop, sigcont, start' },
    { args: ['guest', 'x'], says: '--on' },
  ])('$args is refused in one line', async ({ args, says }) => {
    const ended = await command(...args);
    expect(ended).toMatchObject({ exitCode: 2, stderr: expect.stringContaining(says) });
    expect('stderr' in ended && String(ended.stderr).trim().split('\n')).toHaveLength(1);
  });
});
