import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { Lab, LabHost } from '../../lab/index.ts';
import { labDown, labUp } from '../../lab/index.ts';
import { describeLab, labNameFor } from '../support/needs.ts';

/** Asks a host's daemon for its version, over SSH from another host. */
function ask(from: LabHost, to: LabHost): Promise<string> {
  return from.run('virsh', ['--connect', to.ssh, 'version', '--daemon']);
}

describeLab('SSH between the hosts of a lab', () => {
  const name = labNameFor('ssh');
  let lab: Lab;
  let hostA: LabHost;
  let hostC: LabHost;
  beforeAll(async () => {
    lab = await labUp({ name, hosts: 3 });
    [hostA, hostC] = [lab.host('hostA'), lab.host('hostC')];
  });
  afterEach(() => lab.reset());
  afterAll(() => labDown(name));

  test("a daemon of each generation is reached through its own system's helper", async () => {
    expect(await ask(hostC, lab.host('hostB'))).toContain('Running against daemon: 9.0.0');
    expect(await ask(hostA, hostC)).toContain('Running against daemon: 11.3.0');
  });

  test('a daemon is reached through netcat too', async () => {
    for (const host of [lab.host('hostB'), hostC]) {
      const uri = `${host.ssh}&proxy=netcat`;
      expect(await hostA.run('virsh', ['--connect', uri, 'hostname'])).toContain(host.name);
    }
  });

  test('a source daemon of each generation migrates to where SSH leads', async () => {
    await lab.bareDomain('one', { on: 'hostA' });
    await hostA.virsh(['migrate', '--live', '--p2p', 'one', hostC.ssh], { timeoutMs: 60_000 });
    expect(await hostC.qemuProcesses()).toEqual(['one']);
    const back = ['migrate', '--live', '--p2p', 'one', hostA.ssh];
    await hostC.virsh(back, { timeoutMs: 60_000 });
    expect(await hostA.qemuProcesses()).toEqual(['one']);
  });

  test('a host that is not known, or has changed, is refused', async () => {
    await hostA.setKnownHosts('none');
    await expect(ask(hostA, hostC)).rejects.toThrow('No ED25519 host key is known');
    await hostA.setKnownHosts('changed');
    await expect(ask(hostA, hostC)).rejects.toThrow('IDENTIFICATION HAS CHANGED');
    await lab.bareDomain('one', { on: 'hostA' });
    const migrating = hostA.virsh(['migrate', '--live', '--p2p', 'one', hostC.ssh]);
    await expect(migrating).rejects.toThrow('Host key verification failed');
    await lab.reset();
    expect(await ask(hostA, hostC)).toContain('11.3.0');
  });

  test("a file of known hosts on ssh's command line replaces the host's own", async () => {
    const nameOf = (knownHosts: string) => {
      const options = ['-i', lab.sshKey, '-o', `UserKnownHostsFile=${knownHosts}`];
      return hostA.run('ssh', [...options, 'root@hostC', 'hostname']);
    };
    expect(await nameOf(lab.knownHosts('all'))).toBe('hostC\n');
    await expect(nameOf(lab.knownHosts('none'))).rejects.toThrow('Host key verification failed');
  });

  test('another key does not open a host', async () => {
    const key = `${lab.paths.sshDir}/hostA-host-key`;
    const uri = `qemu+ssh://root@hostC/system?keyfile=${key}`;
    await expect(hostA.run('virsh', ['--connect', uri, 'hostname'])).rejects.toThrow(
      'Permission denied',
    );
  });
});
